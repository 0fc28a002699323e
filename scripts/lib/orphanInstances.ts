import type { EC2Client } from "@aws-sdk/client-ec2";
import { ec2LabOf } from "./ec2Lab";
import { say } from "./progress";
import type { StackFile } from "./stack";
import { INSTANCE, type StateResource } from "./state";

const KEY_PAIR = "aws:ec2/keyPair:KeyPair";
const LIVING = ["pending", "running", "stopping", "stopped"];

/**
 * Terminates instances that a killed run had asked for and never saw. They are known by the stack's key pair, whose
 * name nobody else has: a tag alone could be another person's.
 *
 * @param interrupted what was being created when the run died
 */
export async function removeOrphanInstances(
    interrupted: StateResource[],
    resources: StateResource[],
    file: StackFile,
): Promise<void> {
    const keyNames = namesOf(resources, KEY_PAIR);
    if (!interrupted.some(({ type }) => type === INSTANCE) || keyNames.length === 0) return;
    const known = new Set(namesOf(resources, INSTANCE));
    // Loaded only here: it is large, and no other run needs it.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const sdk = await import("@aws-sdk/client-ec2");
    const client = clientFor(sdk.EC2Client, file);
    const filters = [
        { Name: "key-name", Values: keyNames },
        { Name: "instance-state-name", Values: LIVING },
    ];
    const { Reservations = [] } = await client.send(new sdk.DescribeInstancesCommand({ Filters: filters }));
    const ids = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId = "" }) => InstanceId));
    const orphans = ids.filter((id) => !known.has(id));
    if (orphans.length === 0) return;
    say(`terminating ${orphans.join(", ")}, which a killed run had begun`);
    await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: orphans }));
}

const namesOf = (resources: StateResource[], type: string) =>
    resources.flatMap((resource) => (resource.type === type && resource.id ? [resource.id] : []));

/** Where the stack's instances are: the lab, or the region of the stack, with the credentials of AWS's tools. */
function clientFor(Client: typeof EC2Client, file: StackFile): EC2Client {
    const lab = ec2LabOf(file);
    if (lab) return new Client({ ...lab, credentials: { accessKeyId: "lab", secretAccessKey: "lab" } });
    const region = file.get("aws:region");
    const profile = file.get("aws:profile");
    return new Client({
        ...(typeof region === "string" && { region }),
        ...(typeof profile === "string" && { profile }),
    });
}
