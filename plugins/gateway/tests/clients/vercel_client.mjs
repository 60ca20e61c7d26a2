// The Vercel AI SDK: thinking, a stream, a tool, an image and errors, through Chat Completions, Responses and Messages.
// Models that follow no script are held to call the tool, by the variables TOOL_CHOICE and BEGUN, with which the call has
// begun already.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, streamText, tool } from "ai";
import { z } from "zod";

const { MODEL, IMAGE, OPENAI_BASE_URL, OPENAI_API_KEY, MAX_TOKENS, TOOL_CHOICE, BEGUN } = process.env;
const openai = createOpenAI({ baseURL: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY });
const anthropic = createAnthropic({ baseURL: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY });
const look = tool({
  description: "Looks.",
  inputSchema: z.object({ place: z.string() }),
});

const options = { maxRetries: 0, maxOutputTokens: MAX_TOKENS ? Number(MAX_TOKENS) : undefined };
const forced = TOOL_CHOICE ? { toolChoice: TOOL_CHOICE, temperature: 0 } : {};
const asked = [{ role: "user", content: "Hello" }];
if (BEGUN) asked.push({ role: "assistant", content: BEGUN });

async function unlessRefused(call) {
  try {
    return (await call()).text;
  } catch (error) {
    if (!APICallError.isInstance(error)) throw error;
    return `${error.statusCode} ${JSON.parse(error.responseBody).error.type}`;
  }
}

async function converse(api) {
  const model = api(MODEL);
  const { text, reasoningText } = await generateText({ ...options, model, prompt: "Hello" });
  let streamed = "";
  const stream = streamText({ ...options, model, prompt: "Hello" });
  for await (const piece of stream.textStream) streamed += piece;
  const usage = (await stream.usage).outputTokens > 0;
  const called = await generateText({ ...options, ...forced, model, messages: asked, tools: { look } });
  const output = { type: "text", value: "Sunny." };
  const results = called.toolCalls.map(({ toolCallId, toolName }) => ({
    type: "tool-result",
    toolCallId,
    toolName,
    output,
  }));
  const after = await generateText({
    ...options,
    model,
    tools: { look },
    messages: [
      { role: "user", content: "Hello" },
      ...called.response.messages,
      { role: "tool", content: results },
    ],
  });
  const image = { type: "file", mediaType: "image/png", data: IMAGE };
  const content = [{ type: "text", text: "What is it?" }, image];
  const messages = [{ role: "user", content }];
  const seen = await unlessRefused(() => generateText({ ...options, model, messages }));
  return {
    text,
    thinking: reasoningText ?? null,
    streamed,
    usage,
    tool: called.toolCalls[0].toolName,
    after: after.text,
    seen,
  };
}

const doors = { chat: openai.chat, responses: openai.responses, messages: anthropic };
const said = {};
const refused = [];
for (const [door, api] of Object.entries(doors)) {
  said[door] = await converse(api);
  const unknown = { ...options, model: api("none"), prompt: "Hello" };
  refused.push(await unlessRefused(() => generateText(unknown)));
}
console.log(JSON.stringify({ ...said, refused }));
