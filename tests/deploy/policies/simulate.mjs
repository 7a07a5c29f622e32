// Reads a JSON list of simulations, prints the list of their verdicts.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.env.NODE_MODULES, 'x.js'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')

const verdicts = []
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  const answer = await runSimulation(simulation, {})
  const ignored = answer.result?.ignoredContextKeys ?? []
  verdicts.push(
    answer.resultType === 'error'
      ? { error: JSON.stringify(answer.errors) }
      : { verdict: answer.overallResult, ignored }
  )
}
console.log(JSON.stringify(verdicts))
