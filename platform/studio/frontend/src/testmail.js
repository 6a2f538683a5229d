/** Sends what is in the editor to the person's own address, through the providers that send live mail. */
import { Refused } from "./api.js";
import { say } from "./dialogs.js";

/** @param {object} studio api, loaded, texts, conversation */
export async function sendTest({ api, loaded, texts, conversation }) {
  const done = say("Sending a test mail to you …");
  try {
    const sent = await api.post("test/", { key: loaded().key, texts: texts(), ...conversation.choice });
    say(`Sent to ${sent.to} through ${sent.provider}.`, { kind: "good" });
  } catch (error) {
    say(`No test was sent: ${reason(error)}`, { kind: "error" });
  } finally {
    done();
  }
}

function reason(error) {
  const body = error instanceof Refused ? error.body : {};
  if (body.error?.message) {
    return `${[body.error.template, body.error.line].filter(Boolean).join(":")}: ${body.error.message}`;
  }
  if (body.attempts?.length) {
    return body.attempts.map((one) => `${one.provider}: ${one.summary}`).join("; ");
  }
  return error.message;
}
