// The Vercel AI SDK: a text, a stream and a tool.
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";

const bedrock = createAmazonBedrock({
  region: process.env.AWS_REGION,
  baseURL: process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME,
});
const model = bedrock("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
const whole = await generateText({ model, prompt: "Hello" });
let streamed = "";
for await (const piece of streamText({ model, prompt: "Hello" }).textStream) streamed += piece;
const look = tool({ description: "Look.", inputSchema: z.object({ place: z.string() }) });
const called = await generateText({ model, prompt: "Hello", tools: { look } });
console.log(JSON.stringify({ text: whole.text, streamed, tool: called.toolCalls[0].toolName }));
