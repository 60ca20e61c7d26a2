// The openai and Anthropic SDKs for JavaScript with their Bedrock clients.
import { AnthropicBedrock, AnthropicBedrockMantle } from "@anthropic-ai/bedrock-sdk";
import OpenAI from "openai";
import { bedrock } from "openai/providers/bedrock/aws";

const env = process.env;
const said = { text: new Set(), streamed: new Set(), tool: new Set() };
const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const messages = [{ role: "user", content: "Hello" }];

async function responses(api, model) {
  said.text.add((await api.responses.create({ model, input: "Hello" })).output_text);
  let streamed = "";
  for await (const event of await api.responses.create({ model, input: "Hello", stream: true }))
    if (event.type === "response.output_text.delta") streamed += event.delta;
  said.streamed.add(streamed);
  const tools = [{ type: "function", name: "look", parameters: schema, strict: false }];
  const called = await api.responses.create({ model, input: "Hello", tools });
  said.tool.add(called.output.at(-1).name);
}

async function chat(api, model) {
  const whole = await api.chat.completions.create({ model, messages });
  said.text.add(whole.choices[0].message.content);
  let streamed = "";
  for await (const chunk of await api.chat.completions.create({ model, messages, stream: true }))
    streamed += chunk.choices[0]?.delta.content ?? "";
  said.streamed.add(streamed);
}

async function claude(api, model) {
  const asked = { model, max_tokens: 200, messages };
  said.text.add((await api.messages.create(asked)).content[0].text);
  let streamed = "";
  for await (const event of await api.messages.create({ ...asked, stream: true }))
    if (event.type === "content_block_delta") streamed += event.delta.text ?? "";
  said.streamed.add(streamed);
  const tools = [{ name: "look", input_schema: schema }];
  said.tool.add((await api.messages.create({ ...asked, tools })).content.at(-1).name);
}

const client = (endpoint, baseURL) =>
  new OpenAI({ provider: bedrock({ endpoint, baseURL }), maxRetries: 0 });
const runtime = client("runtime", `${env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME}/openai/v1`);
const second = client("mantle", `${env.AWS_ENDPOINT_URL_BEDROCK_MANTLE}/openai/v1`);
await responses(runtime, "us.openai.gpt-6-sol");
await responses(second, "openai.gpt-5.5");
await chat(runtime, "openai.gpt-oss-120b-1:0");
await claude(new AnthropicBedrockMantle({ maxRetries: 0 }), "anthropic.claude-sonnet-5");
await claude(new AnthropicBedrock({ maxRetries: 0 }), "us.anthropic.claude-sonnet-5");
const one = (values) => (values.size === 1 ? [...values][0] : [...values]);
console.log(JSON.stringify(Object.fromEntries(Object.entries(said).map(([k, v]) => [k, one(v)]))));
