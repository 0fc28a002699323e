import { stoppedContainers } from "../drift/containers";
import { type Expected, expectedOn } from "../drift/expected";
import { type Survey, surveyHost } from "../drift/survey";
import type { NamedHost } from "../hosts";
import { stackPrefix } from "../labels";
import { UserError } from "../progress";
import type { StateResource } from "../state";
import { type Check, fail, ok, warn } from "./check";

/** Whether the containers that the stack's state has on a host run there. Nothing is asked where it has none. */
export async function containers(host: NamedHost, resources: StateResource[], stack: string): Promise<Check[]> {
    const expected = expectedOn(host, resources, stackPrefix(stack));
    if (expected.containers.length === 0) return [];
    try {
        return containerChecks(expected, await surveyHost(host, stackPrefix(stack)), { host: host.name, stack });
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return [
            warn(`containers on ${host.name}`, `cannot be looked at: ${error.message}`, `./scripts/ssh -s ${stack}`),
        ];
    }
}

/**
 * Names each container of the state that is missing, was never started, has ended or is unhealthy.
 *
 * @param survey what the host has
 */
export function containerChecks(
    expected: Expected,
    survey: Survey,
    { host, stack }: { host: string; stack: string },
): Check[] {
    const { failure } = survey.engine;
    if (failure !== "") {
        const found = `does not answer: ${failure.split("\n")[0]}`;
        return [fail(`Docker on ${host}`, found, `./scripts/up -s ${stack} --repair`)];
    }
    const found = stoppedContainers(expected, survey, stack);
    if (found.length === 0)
        return [ok(`containers on ${host}`, `${expected.containers.length} looked at: none is missing or stopped`)];
    return found.map((one) => fail(`container ${one.name}`, one.found, one.remedy));
}
