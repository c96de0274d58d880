// A labeler that this project did not write, with a did:plc of its own in a devnet's directory.
//
//   PLC_URL LABELER_PORT  node labeler.mjs
//
// One JSON line on stdout, {"did", "url"}, says that it answers. Then each JSON line on stdin, such
// as {"uri", "val", "cid"?, "neg"?, "exp"?, "forged"?}, becomes a label, told of by a line {"id",
// "cts"}; a forged one has a signature that nobody made. It ends with the end of stdin.
import crypto from 'node:crypto'
import { createRequire } from 'node:module'
import readline from 'node:readline'
import { Secp256k1Keypair } from '@atproto/crypto'
import { LabelerServer } from '@skyware/labeler'

const plc = createRequire(import.meta.url)('@did-plc/lib')
const { PLC_URL, LABELER_PORT } = process.env
const port = Number(LABELER_PORT)
const url = `http://localhost:${port}`
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
console.log = console.error
process.on('SIGTERM', () => process.exit(0))

const signingKey = crypto.randomBytes(32).toString('hex')
const key = await Secp256k1Keypair.import(signingKey)
const operation = await plc.signOperation(
  {
    type: 'plc_operation',
    rotationKeys: [key.did()],
    alsoKnownAs: ['at://labeler.test'],
    verificationMethods: { atproto: key.did(), atproto_label: key.did() },
    services: { atproto_labeler: { type: 'AtprotoLabeler', endpoint: url } },
    prev: null,
  },
  key,
)
const did = await plc.didForCreateOp(operation)
await new plc.Client(PLC_URL).sendOperation(did, operation)

const server = new LabelerServer({ did, signingKey, dbPath: ':memory:' })
await new Promise((done, failed) =>
  server.start({ port, host: '127.0.0.1' }, (error) => (error ? failed(error) : done())),
)
say({ did, url })

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { forged, ...label } = JSON.parse(line)
  const sig = forged ? { sig: new Uint8Array(crypto.randomBytes(64)) } : {}
  const { id, cts } = await server.createLabel({ ...label, ...sig })
  say({ id, cts })
}
process.exit(0)
