import * as pulumi from "@pulumi/pulumi";

/** What the stack's resources gave as outputs in the last update. */
export class StackOutputs {
    private constructor(private readonly byUrn: Record<string, { type: string; outputs?: unknown }>) {}

    /** Asks Pulumi for those of the whole stack. None before the first update. */
    static async read(): Promise<StackOutputs> {
        const token = "pulumi:pulumi:readStackResourceOutputs";
        const answer = (await pulumi.runtime.invoke(token, { stackName: pulumi.getStack() })) as {
            outputs?: Record<string, { type: string; outputs?: unknown }>;
        };
        return new StackOutputs(answer.outputs ?? {});
    }

    /**
     * Those of one type, by the resource's name.
     *
     * @param type the type's token, such as `berth:index:Ec2Host`
     */
    ofType<Outputs>(type: string): Map<string, Partial<Outputs>> {
        const all = Object.entries(this.byUrn).filter(([, resource]) => resource.type === type);
        return new Map(
            all.map(([urn, { outputs }]) => [urn.split("::").at(-1) ?? "", (outputs ?? {}) as Partial<Outputs>]),
        );
    }
}
