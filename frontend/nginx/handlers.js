/** What nginx answers by itself (https://nginx.org/en/docs/njs/). */
import runtime from 'runtime-config.js';

function config(request) {
  // Whoever looks for why the page shows a fault finds it in the log too.
  if (runtime.fault) request.error(runtime.fault);
  request.headersOut['Content-Type'] = 'application/json';
  request.return(runtime.answer.status, runtime.answer.body);
}

function health(request) {
  request.headersOut['Content-Type'] = 'text/plain';
  request.return(runtime.fault ? 503 : 200, `${runtime.fault || 'ok'}\n`);
}

function policy() {
  return runtime.policy;
}

export default { config, health, policy };
