// A real AT Protocol network on loopback: a did:plc directory and real PDSes, all in this process.
//
//   PLC_PORT CTRL_PORT PDS_PORTS=a,b,… DATA_DIR  node devnet.mjs
//
// One JSON line on stdout says that all of it answers; everything else goes to stderr. It ends on
// SIGINT, SIGTERM or the end of stdin, so whoever holds the other end of stdin cannot die and leave
// it behind. With the same ports and DATA_DIR it starts again where it was, also after a SIGKILL.
import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { createRequire } from 'node:module'

const { PLC_PORT, CTRL_PORT, PDS_PORTS, DATA_DIR } = process.env
const started = Date.now()
const adminPassword = 'admin-pass'
const plcUrl = `http://localhost:${PLC_PORT}`
console.log = console.error

let stop = async () => process.exit(0)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop())
process.stdin.on('end', () => stop()).resume()

// The PDS asks for a port and no address, which means every interface.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' && typeof rest[0] !== 'string'
    ? listen.call(this, port, '127.0.0.1', ...rest)
    : listen.call(this, port, ...rest)
}
const answer = (res, status, body, type = 'application/json') => {
  res.writeHead(status, { 'content-type': type, 'access-control-allow-origin': '*' })
  res.end(JSON.stringify(body))
}

const { PDS } = await import('@atproto/pds')
const { CID } = await import('multiformats/cid')
const { Database, PlcServer } = createRequire(import.meta.url)('@did-plc/server')

// ---- the directory: its in-memory database, saved before each answer to a write
const plcFile = path.join(DATA_DIR, 'plc.json')
const opJson = (op) => ({ ...op, cid: op.cid.toString(), createdAt: op.createdAt.toISOString() })
const revive = (key, value) =>
  key === 'cid' ? CID.parse(value) : key === 'createdAt' ? new Date(value) : value
const db = Database.mock()
if (fs.existsSync(plcFile)) db.contents = JSON.parse(fs.readFileSync(plcFile, 'utf8'), revive)
const addOp = db.validateAndAddOp.bind(db)
db.validateAndAddOp = async (did, op) => {
  await addOp(did, op)
  const all = Object.entries(db.contents).map(([did, ops]) => [did, ops.map(opJson)])
  fs.writeFileSync(`${plcFile}.new`, JSON.stringify(Object.fromEntries(all)))
  fs.renameSync(`${plcFile}.new`, plcFile)
}
db.exportOps = async (count, after) =>
  Object.values(db.contents)
    .flat()
    .filter((op) => !after || op.createdAt > after)
    .sort((a, b) => a.createdAt - b.createdAt)
    .slice(0, count)
    .map(opJson)

// The package serves DID documents of 2023; the public directory serves this form.
const didDocument = (did, op) => ({
  '@context': [
    'https://www.w3.org/ns/did/v1',
    'https://w3id.org/security/multikey/v1',
    'https://w3id.org/security/suites/secp256k1-2019/v1',
  ],
  id: did,
  alsoKnownAs: op.alsoKnownAs,
  verificationMethod: Object.entries(op.verificationMethods).map(([id, key]) => ({
    id: `${did}#${id}`,
    type: 'Multikey',
    controller: did,
    publicKeyMultibase: key.replace('did:key:', ''),
  })),
  service: Object.entries(op.services).map(([id, service]) => ({
    id: `#${id}`,
    type: service.type,
    serviceEndpoint: service.endpoint,
  })),
})
const plc = PlcServer.create({ db })
const plcHttp = http.createServer(async (req, res) => {
  const path = req.method === 'GET' && req.url.match(/^\/(did(?::|%3A)plc(?::|%3A)[a-z2-7]{24})$/i)
  if (!path) return plc.app(req, res)
  const did = decodeURIComponent(path[1])
  const op = (await db.opsForDid(did)).at(-1)
  if (!op) return answer(res, 404, { message: `DID not registered: ${did}` })
  if (op.type === 'plc_tombstone') return answer(res, 410, { message: `DID not available: ${did}` })
  answer(res, 200, didDocument(did, op), 'application/did+ld+json')
})
await new Promise((done) => plcHttp.listen(Number(PLC_PORT), done))

// ---- the PDSes; the mails that they send are kept for whoever plays their users
const mails = []
const startPds = async (port, index) => {
  const dir = path.join(DATA_DIR, `pds${index}`)
  const blobs = path.join(dir, 'blobs')
  const rotationKey = path.join(dir, 'rotation.hex')
  fs.mkdirSync(blobs, { recursive: true })
  if (!fs.existsSync(rotationKey))
    fs.writeFileSync(rotationKey, crypto.randomBytes(32).toString('hex'), { mode: 0o600 })
  const pds = await PDS.fromEnv({
    devMode: true, // plain http
    disableSsrfProtection: true,
    port, // the host name is "localhost"
    serviceDid: `did:web:localhost%3A${port}`,
    serviceName: `devnet PDS ${index}`,
    serviceHandleDomains: index ? [`.pds${index}.test`] : ['.test'],
    dataDirectory: dir,
    blobstoreDiskLocation: blobs,
    blobUploadLimit: 100 * 1024 * 1024,
    didPlcUrl: plcUrl,
    inviteRequired: false,
    adminPassword,
    jwtSecret: 'jwt-secret',
    dpopSecret: crypto.createHash('sha256').update('dpop').digest('hex'),
    plcRotationKeyK256PrivateKeyHex: fs.readFileSync(rotationKey, 'utf8'),
  })
  const { transporter } = pds.ctx.mailer
  const send = transporter.sendMail.bind(transporter)
  transporter.sendMail = async (mail) => {
    mails.push({ to: mail.to, subject: mail.subject, text: mail.text ?? mail.html })
    return send(mail)
  }
  await pds.start()
  return pds
}
const pdses = await Promise.all(PDS_PORTS.split(',').map((port, i) => startPds(Number(port), i)))

const ctrl = http.createServer((req, res) =>
  req.url === '/mail' ? answer(res, 200, mails) : answer(res, 404, { message: 'GET /mail' }),
)
await new Promise((done) => ctrl.listen(Number(CTRL_PORT), done))

stop = async () => {
  stop = async () => {}
  for (const server of [ctrl, plcHttp]) server.close()
  await Promise.allSettled(pdses.map((pds) => pds.destroy()))
  process.exit(0)
}
const ready = {
  plc: plcUrl,
  pds: pdses.map(({ ctx: { cfg } }) => ({ url: cfg.service.publicUrl, did: cfg.service.did })),
  ctrl: `http://localhost:${CTRL_PORT}`,
  adminPassword,
  dataDir: DATA_DIR,
  pid: process.pid,
  readyMs: Date.now() - started,
}
process.stdout.write(`${JSON.stringify(ready)}\n`)
