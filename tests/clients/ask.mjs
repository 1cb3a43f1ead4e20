// Our TypeScript helper asking once: with a key, and without one.
import { Medkabinet } from '../../clients/typescript/dist/index.js';

const [url, key] = process.argv.slice(2);
const account = new Medkabinet({ url, streams: 'sse', waits: { first: 20, longest: 50 } });
const told = account.ask({ query: 'mutation { act }' }, key ? { key } : {}).catch((reason) => reason.name);
console.log(JSON.stringify(await told));
process.exit(0);
