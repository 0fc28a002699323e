import { variable } from "../../components/environment";
import type { EC2Client } from "@aws-sdk/client-ec2";
import * as fs from "node:fs";
import { accountMistakes } from "../../components/host/awsAccount";
import { type Placement, placementMistakes, placementsIn } from "../../components/host/placement";
import { type Ec2Sdk, ec2Client } from "./ec2Client";
import { ec2LabOf } from "./ec2Lab";
import { stackFile } from "./paths";
import { UserError } from "./progress";
import { StackFile } from "./stack";
import type { StateResource } from "./state";

/** Parts of the config by which the aws plugin has credentials that this computer's own tools have not. */
const OWN_CREDENTIALS = [
    "aws:accessKey",
    "aws:assumeRoles",
    "aws:assumeRoleWithWebIdentity",
    "aws:sharedCredentialsFiles",
];

/** A stack's file, or that there is none. */
type Config = Pick<StackFile, "get">;
const NOTHING: Config = { get: () => undefined };

/**
 * Refuses to go on where the stack's file, or the credentials of AWS, lead to other servers than the stack's state has.
 * To be called before anything asks what became of them: the wrong account knows of no instance, and that would be taken
 * for an answer.
 *
 * @param resources the stack's, as its state has them
 * @param options.makesFile whether a missing stack file would be made from the default, of kind local. Default: false
 * @throws UserError with what the state says, what the config says, and the remedy, a line each
 */
export async function refuseMoved(
    stack: string,
    resources: StateResource[],
    { makesFile = false } = {},
): Promise<void> {
    const before = placementsIn(resources);
    const [first] = before;
    if (!first) return;
    const isThere = fs.existsSync(stackFile(stack));
    if (!isThere && makesFile && first.kind !== "local") {
        throw new UserError(
            `Pulumi.${stack}.yaml is missing, and the stack has a server of kind ${first.kind}: put the file back, or have ` +
                `Pulumi write it from the last update: ./scripts/pulumi config refresh -s ${stack}`,
        );
    }
    const file = isThere ? new StackFile(stack) : NOTHING;
    const now = placementOf(file);
    const moved = now ? placementMistakes(before, now) : [];
    if (moved.length === 0 && first.kind === "ec2") moved.push(...(await otherAccount(file, before, resources)));
    if (moved.length > 0) throw new UserError(moved.join("\n").replaceAll("-s STACK", `-s ${stack}`));
}

/** Where a stack's file has its servers; undefined where it is no kind that there is, which the program says. */
export function placementOf(file: Config, env?: NodeJS.ProcessEnv): Placement | undefined {
    const text = (...path: string[]) => {
        const value = file.get(...path);
        return typeof value === "string" && value !== "" ? value : undefined;
    };
    const kind = text("berth:host", "kind");
    if (kind === "local") return { kind, dockerHost: text("berth:host", "dockerHost") };
    if (kind === "existing") {
        const port = Number(file.get("berth:host", "port") ?? 22);
        return { kind, address: text("berth:host", "address"), port, hostKey: text("berth:host", "hostKey") };
    }
    if (kind !== "ec2") return undefined;
    const inLab = file.get("berth:lab", "ec2") !== undefined;
    const set = (name: string) => variable(name, env);
    const region = text("aws:region") ?? set("AWS_REGION") ?? set("AWS_DEFAULT_REGION");
    return { kind, lab: inLab, region: inLab ? text("berth:lab", "ec2", "region") : region };
}

/** The mistake of having another account's credentials, where the stack has something on AWS. */
async function otherAccount(file: Config, before: Placement[], resources: StateResource[]): Promise<string[]> {
    const { region } = before.find(({ account }) => account !== undefined) ?? {};
    if (region === undefined || ec2LabOf(file)) return [];
    // The plugin's alone: it is the program, and the plugin's own `allowedAccountIds`, that can look at these.
    if (OWN_CREDENTIALS.some((key) => file.get(key) !== undefined)) return [];
    const profile = file.get("aws:profile");
    const account = { region, configured: false, ...(typeof profile === "string" && { profile }) };
    const mistakes = await accountMistakes(account);
    if (mistakes.length > 0) return mistakes;
    const { sdk, client } = await ec2Client(file, region);
    const own = resources.filter(({ type }) => type === "aws:ec2/securityGroup:SecurityGroup").map(({ id = "" }) => id);
    return placementMistakes(before, { kind: "ec2", account: await ownerOf(sdk, client, own) });
}

/**
 * Whose account the client's credentials are of. Every VPC has a security group `default`, which says whose it is; in an
 * account without a VPC there is none, and then the stack's own groups tell.
 *
 * @param groups ids of the stack's security groups
 * @throws UserError where AWS does not say
 */
export async function ownerOf(
    sdk: Pick<Ec2Sdk, "DescribeSecurityGroupsCommand">,
    client: Pick<EC2Client, "send">,
    groups: string[],
): Promise<string> {
    const ask = async (Name: string, Values: string[]) => {
        const command = new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name, Values }] });
        const { SecurityGroups = [] } = await client.send(command);
        return SecurityGroups.flatMap(({ OwnerId }) => OwnerId ?? [])[0];
    };
    try {
        const owner = await ask("group-name", ["default"]);
        const found = owner ?? (groups.length > 0 ? await ask("group-id", groups) : undefined);
        if (found !== undefined) return found;
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new UserError(`AWS does not say whose the credentials are, so nothing is asked or changed: ${reason}`);
    }
    throw new UserError(
        "the account of these credentials has nothing of the stack, and no VPC that says whose it is: use those of the " +
            "account that has the stack's server: AWS_PROFILE, aws:profile, or `aws sso login`",
    );
}
