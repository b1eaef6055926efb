/**
 * What the front takes from its environment when it starts, for nginx (njs) and for `serve.ts` alike: the same built files
 * serve every environment. Nothing here throws: an exception in njs would leave an answer without its policy.
 */
const given = process.env.VITE_API_URL || '';
// An address and nothing that could end the policy's directive: no white space, no semicolon, no user name.
const parts = /^(https?:\/\/[\w.-]+(?::\d{1,5})?|https?:\/\/\[[\da-fA-F:]+\](?::\d{1,5})?)((?:\/[\w.~%-]+)*)\/?$/.exec(
  given,
);

const fault = parts
  ? ''
  : given === ''
    ? 'VITE_API_URL is not set: write the address of the API as the browser sees it, such as https://api.example.org'
    : 'VITE_API_URL is "' +
      given.replace(/\/\/[^/]*@/, '//***@') +
      '": write an http or https address such as https://api.example.org';

const config = parts
  ? {
      apiUrl: parts[1] + parts[2],
      environment: process.env.VITE_ENVIRONNEMENT || 'local',
      version: process.env.APP_VERSION || '',
      pod: process.env.HOSTNAME || '',
    }
  : { error: fault };

/** The answer to `/config.json`: `{apiUrl, environment, version, pod}`, or 500 with `{error}`. */
const answer = { status: parts ? 200 : 500, body: JSON.stringify(config) };

/** What stands inside of index.html, by its hash; the build says when one has to change. */
const inlineScript = "'sha256-GBAgh8FVyxJ56wUGGSWvmb5TMjUwQA+ijFR+S1877rs='";
const inlineStyle = "'sha256-D1OY7ilh8hq8RwPKS8DK03x/8yZyWXmCU5KqjC/a0v4='";
/** An empty style element, which MUI's styles are added to rule by rule. */
const emptyStyle = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** The Content Security Policy: nothing but this front's own files, and requests to the API alone. */
const policy =
  "default-src 'none'; script-src 'self' " +
  inlineScript +
  "; style-src 'self' " +
  inlineStyle +
  ' ' +
  emptyStyle +
  "; img-src 'self'; manifest-src 'self'; connect-src 'self'" +
  (parts ? ' ' + parts[1] : '') +
  "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export default { answer, fault, policy };
