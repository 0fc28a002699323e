import * as pulumi from "@pulumi/pulumi";

/**
 * What the stack's resources of a type gave as outputs in the last update, by their name. Empty before the first.
 *
 * @param type the type's token, such as `berth:index:Ec2Host`
 */
export async function componentOutputs<Outputs>(type: string): Promise<Map<string, Partial<Outputs>>> {
    const token = "pulumi:pulumi:readStackResourceOutputs";
    const answer = (await pulumi.runtime.invoke(token, { stackName: pulumi.getStack() })) as {
        outputs?: Record<string, { type: string; outputs?: Partial<Outputs> }>;
    };
    const ofType = Object.entries(answer.outputs ?? {}).filter(([, resource]) => resource.type === type);
    return new Map(ofType.map(([urn, { outputs }]) => [urn.split("::").at(-1) ?? "", outputs ?? {}]));
}
