// Which labels carry the signature of a key, by the reference implementation's own code.
// Arguments: the folder of its packages, a did:key. In: JSON array of labels; out: array of booleans.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, didKey] = process.argv.slice(2)
const { resolve } = createRequire(`${folder}/package.json`)
const load = (name) => import(pathToFileURL(resolve(name)).href)
const { verifySignature } = await load('@atproto/crypto')
const { encode } = await load('@atproto/lex-cbor')
const { lexParse } = await load('@atproto/lex-json')

const labels = lexParse(readFileSync(0, 'utf8'))
const verdicts = labels.map(({ sig, ...fields }) =>
  verifySignature(didKey, encode(fields), sig).catch(() => false),
)
process.stdout.write(JSON.stringify(await Promise.all(verdicts)))
