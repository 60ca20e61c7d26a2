// The Vercel AI SDK: a text, a stream and a tool, through Converse and at the second endpoint.
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { createBedrockMantle } from "@ai-sdk/amazon-bedrock/mantle";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";

const region = process.env.AWS_REGION;
const bedrock = createAmazonBedrock({
  region,
  baseURL: process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME,
});
const mantle = (path) =>
  createBedrockMantle({ region, baseURL: process.env.AWS_ENDPOINT_URL_BEDROCK_MANTLE + path });
const said = { text: new Set(), streamed: new Set(), tool: new Set() };
const look = tool({ description: "Look.", inputSchema: z.object({ place: z.string() }) });
for (const model of [
  bedrock("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
  mantle("/v1").chat("openai.gpt-oss-120b"),
  mantle("/openai/v1").responses("openai.gpt-5.5"),
]) {
  said.text.add((await generateText({ model, prompt: "Hello" })).text);
  let streamed = "";
  for await (const piece of streamText({ model, prompt: "Hello" }).textStream) streamed += piece;
  said.streamed.add(streamed);
  const called = await generateText({ model, prompt: "Hello", tools: { look } });
  said.tool.add(called.toolCalls[0].toolName);
}
const one = (values) => (values.size === 1 ? [...values][0] : [...values]);
console.log(JSON.stringify(Object.fromEntries(Object.entries(said).map(([k, v]) => [k, one(v)]))));
