/** What nginx answers by itself (https://nginx.org/en/docs/njs/). */
import runtime from 'runtime-config.js';

function config(request) {
  logFault(request);
  request.headersOut['Content-Type'] = 'application/json';
  request.return(runtime.answer.status, runtime.answer.body);
}

function health(request) {
  logFault(request);
  request.headersOut['Content-Type'] = 'text/plain';
  request.return(runtime.fault ? 503 : 200, `${runtime.fault || 'ok'}\n`);
}

/** Whoever looks for why the page shows a fault, or why the pod is never ready, finds it in the log. */
function logFault(request) {
  if (runtime.fault) request.error(runtime.fault);
}

function policy() {
  return runtime.policy;
}

export default { config, health, policy };
