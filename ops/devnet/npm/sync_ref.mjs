// A verifying consumer that this project did not write: the Firehose of @atproto/sync, which checks
// the signature of every commit and the proof of every op against the account's DID document.
//
//   node sync_ref.mjs RELAY_WS_URL PLC_URL [CURSOR=0] [QUIET_SECONDS=1]
//
// When nothing has come for so long (ten seconds for the first event) it prints one JSON line
// {"count": {kind: n}, "errors": [texts]} and ends.
import { IdResolver } from '@atproto/identity'
import { Firehose } from '@atproto/sync'

const [service, plcUrl, cursor = '0', quietSeconds = '1'] = process.argv.slice(2)
const count = {}
const errors = []

const report = async () => {
  await firehose.destroy()
  console.log(JSON.stringify({ count, errors }))
  process.exit(0)
}
let quiet = setTimeout(report, 10_000)
const heard = () => {
  clearTimeout(quiet)
  quiet = setTimeout(report, Number(quietSeconds) * 1000)
}

const firehose = new Firehose({
  service,
  getCursor: () => Number(cursor),
  unauthenticatedHandles: true, // .test handles are in no DNS
  idResolver: new IdResolver({ plcUrl, fetch: globalThis.fetch }), // its own fetch refuses http
  handleEvent: ({ event, collection, status }) => {
    const kind = [event, collection, status].filter(Boolean).join(' ')
    count[kind] = (count[kind] ?? 0) + 1
    heard()
  },
  onError: (error) => {
    errors.push([error.message, (error.cause ?? error.err)?.message].filter(Boolean).join(': '))
    heard()
  },
})
firehose.start()
