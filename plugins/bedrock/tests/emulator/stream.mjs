// Reads one stream with the AWS SDK for JavaScript and prints its events as JSON.
import { BedrockRuntimeClient, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";

// By default this client speaks HTTP/2 only, which the emulator does not.
const client = new BedrockRuntimeClient({ maxAttempts: 1, requestHandler: new NodeHttpHandler() });
const events = [];
let failure = null;
try {
  const answer = await client.send(new ConverseStreamCommand(JSON.parse(process.argv[2])));
  for await (const event of answer.stream) events.push(event);
} catch (error) {
  failure = { name: error.name, message: error.message, status: error.$metadata?.httpStatusCode };
}
const plain = (key, value) =>
  value && value.type === "Buffer" ? Buffer.from(value.data).toString("base64")
  : value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
console.log(JSON.stringify({ events, failure }, plain));
process.exit(0);
