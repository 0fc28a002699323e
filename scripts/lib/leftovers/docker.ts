import * as fs from "node:fs";
import * as path from "node:path";
import { asRoot } from "../../../components/host/asRoot";
import { run } from "../commands";
import { labelFilters, projectName, stackLabels } from "../labels";
import { overSsh } from "../overSsh";
import { UserError } from "../progress";
import type { SshHost } from "../state";
import type { Leftover } from "./leftover";

const SURVEY = fs.readFileSync(path.join(__dirname, "../../survey-leftovers.sh"), "utf8");
const TIMEOUT = 60_000;

/** What is left on an engine of this computer: machines, their data, networks. */
export async function leftHere(stack: string, dockerHost: string): Promise<Leftover[]> {
    const filters = labelFilters(stackLabels(stack));
    const list = async (kind: string, words: string[], field: string) => {
        const args = ["--host", dockerHost, ...words, ...filters, "--format", `{{.${field}}}`];
        const names = (await run("docker", args)).split("\n").filter(Boolean);
        return names.map((name) => ({ where: "this computer", kind, name }));
    };
    return [
        ...(await list("container", ["ps", "-a"], "Names")),
        ...(await list("network", ["network", "ls"], "Name")),
        ...(await list("volume", ["volume", "ls"], "Name")),
    ];
}

/**
 * What is left on a server that stays. Named volumes are meant to: they hold data.
 *
 * @throws UserError where it does not answer
 */
export async function leftOn(stack: string, host: SshHost): Promise<Leftover[]> {
    const command = asRoot(host.user, ["bash", "-s", "--", projectName(), stack]);
    const result = await overSsh(host, command, { input: SURVEY, timeout: TIMEOUT });
    if (result.exitCode !== 0)
        throw new UserError(`${host.address} cannot be looked at: ${result.all.split("\n").at(-1)}`);
    return parseSurvey(result.stdout, host.address);
}

/** @param text lines of `KIND NAME`, as survey-leftovers.sh prints them */
export function parseSurvey(text: string, where: string): Leftover[] {
    return text
        .split("\n")
        .filter(Boolean)
        .map((line) => {
            const [kind = "", ...name] = line.split(" ");
            return { where, kind, name: name.join(" "), ...(kind === "volume" && { kept: "it holds data" }) };
        });
}
