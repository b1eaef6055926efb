import type { Rule } from './findings.ts';
import { autoscaler } from './rules/autoscaler.ts';
import {
  allowedHosts,
  corsOrigin,
  frontUrlBaked,
  frontUrlHost,
  frontUrlInternal,
  frontUrlLocal,
  ingressHost,
} from './rules/browser.ts';
import { buildContext, buildStep, copySource, dockerfileSyntax } from './rules/build.ts';
import { bindMount, composeSchema, composeVariable } from './rules/compose.ts';
import { databaseDriver } from './rules/database-driver.ts';
import { databaseVolume, sqliteLost, tablesDropped, volumeShared } from './rules/data.ts';
import { developmentServer } from './rules/development.ts';
import { importMissing } from './rules/imports.ts';
import { imageArchitecture, imagePull, imageUnknown, memoryLimit } from './rules/images.ts';
import { frontRoute } from './rules/front-route.ts';
import { frontServed } from './rules/front-served.ts';
import { frontVariable } from './rules/front-variable.ts';
import { healthcheck } from './rules/health.ts';
import {
  containerImage,
  duplicateResource,
  kustomizationFile,
  manifestKind,
  manifestSchema,
  manifestValue,
  yamlSyntax,
} from './rules/manifests.ts';
import {
  clusterHost,
  codeHost,
  composeHost,
  composePort,
  ingressService,
  listenLocal,
  probePort,
  proxyUpstream,
  selectorTemplate,
  serviceMixed,
  servicePort,
  serviceSelector,
  sharedPod,
} from './rules/network.ts';
import { networkPolicy } from './rules/network-policy.ts';
import { nodeFramework } from './rules/node-framework.ts';
import { nginxConfig } from './rules/nginx-config.ts';
import { probeTime } from './rules/probe-time.ts';
import { securityContext } from './rules/pod-security.ts';
import { variableReference } from './rules/pod-variables.ts';
import { configUnused, namespaceMismatch, referenceKey, referenceMissing, volumeMissing } from './rules/references.ts';
import { frontPath, ingressRewrite, probePath, proxyRewrite } from './rules/routes.ts';
import { secretPublic } from './rules/secret-public.ts';
import { secretCommitted } from './rules/secrets.ts';
import { startCommand, startFile, startForm, startProgram } from './rules/start.ts';
import { credentialsDisagree, databaseVariable, variableMissing } from './rules/variables.ts';
import { workflowReference } from './rules/workflow-reference.ts';
import { workflowService } from './rules/workflow-services.ts';
import { workflowPath } from './rules/workflow-steps.ts';
import { workflowFile, workflowLogin, workflowSecrets } from './rules/workflows.ts';

/** All rules. The order matters: of two that blame the same thing, the first is heard. */
export const rules: readonly Rule[] = [
  yamlSyntax,
  manifestKind,
  manifestSchema,
  manifestValue,
  containerImage,
  duplicateResource,
  kustomizationFile,
  selectorTemplate,
  namespaceMismatch,
  serviceMixed,
  serviceSelector,
  sharedPod,
  servicePort,
  ingressService,
  probePort,
  probePath,
  probeTime,
  listenLocal,
  volumeMissing,
  referenceMissing,
  referenceKey,
  variableReference,
  composeSchema,
  composePort,
  composeHost,
  clusterHost,
  nginxConfig,
  proxyUpstream,
  credentialsDisagree,
  databaseVariable,
  variableMissing,
  databaseDriver,
  nodeFramework,
  codeHost,
  configUnused,
  workflowPath,
  buildContext,
  dockerfileSyntax,
  copySource,
  buildStep,
  startForm,
  startFile,
  startProgram,
  importMissing,
  startCommand,
  bindMount,
  healthcheck,
  frontUrlInternal,
  frontVariable,
  frontUrlBaked,
  frontUrlLocal,
  ingressHost,
  frontUrlHost,
  corsOrigin,
  allowedHosts,
  ingressRewrite,
  frontPath,
  proxyRewrite,
  frontServed,
  securityContext,
  networkPolicy,
  autoscaler,
  frontRoute,
  imageUnknown,
  imagePull,
  imageArchitecture,
  tablesDropped,
  sqliteLost,
  databaseVolume,
  volumeShared,
  secretCommitted,
  secretPublic,
  workflowFile,
  workflowReference,
  workflowService,
  workflowLogin,
  workflowSecrets,
  developmentServer,
  memoryLimit,
  composeVariable,
];
