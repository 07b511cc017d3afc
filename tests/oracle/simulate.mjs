// Evaluates the cases of grammar.py, one JSON object a line, with iam-simulate.
import { createInterface } from 'node:readline';
import { runSimulation } from '@cloud-copilot/iam-simulate';

async function evaluate(it) {
  const simulation = {
    request: {
      principal: it.principal,
      action: it.action,
      resource: { resource: it.resource, accountId: it.resourceAccount },
      contextVariables: it.context,
    },
    identityPolicies: it.identityPolicies,
    resourcePolicy: it.resourcePolicy ?? undefined,
    permissionBoundaryPolicies: it.boundary ? [{ name: 'boundary', policy: it.boundary }] : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  const answer = await runSimulation(simulation, {});
  const result = answer.result?.analysis?.result ?? answer.analysis?.result;
  return result ? { result } : { error: JSON.stringify(answer.errors ?? answer).slice(0, 500) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const it = JSON.parse(line);
  let answer;
  try {
    answer = await evaluate(it);
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify({ id: it.id, ...answer }));
}
