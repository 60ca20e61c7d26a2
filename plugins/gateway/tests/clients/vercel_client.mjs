// The Vercel AI SDK: a text, a stream, a tool and an image, through Chat Completions, Responses and Messages.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";

const { MODEL, IMAGE, OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
const openai = createOpenAI({ baseURL: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY });
const anthropic = createAnthropic({ baseURL: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY });
const look = tool({
  description: "Looks.",
  inputSchema: z.object({ place: z.string() }),
});

async function converse(model) {
  const text = (await generateText({ model, prompt: "Hello" })).text;
  let streamed = "";
  const stream = streamText({ model, prompt: "Hello" });
  for await (const piece of stream.textStream) streamed += piece;
  const usage = (await stream.usage).outputTokens > 0;
  const called = await generateText({ model, prompt: "Hello", tools: { look } });
  const [call] = called.toolCalls;
  const output = { type: "text", value: "Sunny." };
  const result = { type: "tool-result", toolCallId: call.toolCallId, toolName: "look", output };
  const after = await generateText({
    model,
    tools: { look },
    messages: [
      { role: "user", content: "Hello" },
      ...called.response.messages,
      { role: "tool", content: [result] },
    ],
  });
  const image = { type: "file", mediaType: "image/png", data: IMAGE };
  const content = [{ type: "text", text: "What is it?" }, image];
  const seen = await generateText({ model, messages: [{ role: "user", content }] });
  return { text, streamed, usage, tool: call.toolName, after: after.text, seen: seen.text };
}

const said = {
  chat: await converse(openai.chat(MODEL)),
  responses: await converse(openai.responses(MODEL)),
  messages: await converse(anthropic(MODEL)),
};
console.log(JSON.stringify(said));
