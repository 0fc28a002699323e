import { ec2LabOf } from "./ec2Lab";
import { UserError } from "./progress";
import { StackFile } from "./stack";
import type { StackExport } from "./state";
import type { Toolchain } from "./toolchain";

/**
 * Refuses what would run a stack of kind ec2 against AWS with the stand-in for its plugin, or against AWS what was made
 * in the lab. The stand-in serves the lab alone, and refuses everything else by itself, too.
 *
 * @param file of the stack; absent where it has none, which is no stack of kind ec2
 * @throws UserError that says what to do
 */
export function refuseOutsideLab(
    { kind }: Pick<Toolchain, "kind">,
    file: StackFile | undefined,
    state: StackExport | undefined,
): void {
    if (file?.get("berth:host", "kind") !== "ec2" || ec2LabOf(file)) return;
    const { stack } = file;
    if (placeOf(state) === "lab") {
        throw new UserError(
            `stack ${stack} was made in the lab, which its file does not name any more: ./scripts/up -s ${stack} --lab`,
        );
    }
    if (kind === "official") return;
    throw new UserError(
        `stack ${stack} is on AWS, and Pulumi's official plugins cannot be downloaded here: what stands in for them serves ` +
            `the lab alone. Try it without an account: ./scripts/up -s ${stack} --lab; or run it where get.pulumi.com answers`,
    );
}

/** Where a stack's instances are: each provider of the lab's says its endpoint. Undefined where there is none yet. */
export function placeOf(state: StackExport | undefined): "aws" | "lab" | undefined {
    const resources = state?.deployment?.resources ?? [];
    if (!resources.some(({ type }) => type.startsWith("aws:"))) return undefined;
    const providers = resources.filter(({ type }) => type === "pulumi:providers:aws");
    return providers.some(({ inputs }) => /https?:\/\//.test(JSON.stringify(inputs?.endpoints ?? ""))) ? "lab" : "aws";
}
