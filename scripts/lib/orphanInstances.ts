import { ec2Client } from "./ec2Client";
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
    const { sdk, client } = await ec2Client(file);
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
