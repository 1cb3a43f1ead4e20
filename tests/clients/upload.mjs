// Apollo's upload link: files in the variables, by the multipart request specification.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { File } from 'node:buffer';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';

const uri = process.argv[2];
const client = (headers) => new ApolloClient({ link: new UploadHttpLink({ uri, headers }), cache: new InMemoryCache() });
const file = (text) => new File([text], 'снимок.pdf', { type: 'application/pdf' });
const ONE = gql`mutation ($file: Upload!) { digest(file: $file) }`;
const MANY = gql`mutation ($files: [Upload!]!) { digests(files: $files) }`;

const welcome = client({ authorization: 'Bearer good', 'Apollo-Require-Preflight': 'true' });
const one = await welcome.mutate({ mutation: ONE, variables: { file: file('один') } });
const many = await welcome.mutate({ mutation: MANY, variables: { files: [file('a'), file('b')] } });
let refused;
try {
  await client({ authorization: 'Bearer good' }).mutate({ mutation: ONE, variables: { file: file('чужой') } });
} catch (error) {
  refused = error.errors[0].extensions.code;
}
console.log(JSON.stringify([one.data.digest, many.data.digests, refused]));
process.exit(0);
