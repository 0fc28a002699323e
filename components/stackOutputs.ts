import * as pulumi from "@pulumi/pulumi";
import { type Unread, type Values, recordOf } from "./readings";

/** What the stack's resources gave as outputs in the last update. */
export class StackOutputs {
    private readonly byUrn: Values;

    /** @param answer what Pulumi answers: `outputs` by the resource's URN */
    constructor(answer: unknown) {
        this.byUrn = recordOf(recordOf(answer).outputs);
    }

    /** Asks Pulumi for those of the whole stack. None before the first update. */
    static async read(): Promise<StackOutputs> {
        const token = "pulumi:pulumi:readStackResourceOutputs";
        return new StackOutputs(await pulumi.runtime.invoke(token, { stackName: pulumi.getStack() }));
    }

    /**
     * Those of one type, by the resource's name. A resource whose creation failed may have none, or null for each.
     *
     * @param type the type's token, such as `berth:index:Ec2Host`
     */
    ofType<Outputs = Values>(type: string): Map<string, Unread<Outputs>> {
        const all = Object.entries(this.byUrn).map(([urn, resource]) => [urn, recordOf(resource)] as const);
        return new Map(
            all
                .filter(([, resource]) => resource.type === type)
                .map(([urn, { outputs }]) => [urn.split("::").at(-1) ?? "", recordOf(outputs) as Unread<Outputs>]),
        );
    }
}
