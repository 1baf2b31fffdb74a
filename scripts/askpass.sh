#!/bin/sh
# Run by ssh where it would ask a person: fetches the answer from the head, through a Unix socket that
# only its owner can open. The environment names the socket's folder and a token; no secret is in it.
# A note that a security key waits to be touched, or a question that wants no text.
[ -z "${SSH_ASKPASS_PROMPT:-}" ] || exit 1
cd "${ROLLCALL_ASKPASS_FOLDER:?is set by the head}" || exit 1
exec env -u NODE_OPTIONS "$ROLLCALL_ASKPASS_NODE" -e '
const socket = require("node:net").connect("askpass.sock");
const chunks = [];
socket.setTimeout(5000, () => process.exit(1));
socket.on("error", () => process.exit(1));
socket.on("data", (chunk) => chunks.push(chunk));
socket.on("end", () => {
  if (chunks.length === 0) process.exit(1);
  process.stdout.write(Buffer.concat(chunks) + "\n");
});
socket.end(`${process.env.ROLLCALL_ASKPASS_TOKEN}\n${process.argv[1]}`);
' -- "$1"
