import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Ec2 } from "./ec2";
import { type Result, Stack, root } from "./project";

export type Config = Record<string, Record<string, unknown>>;
const configIn = (file: string) => (parse(fs.readFileSync(file, "utf8")) as { config: Config }).config;

/** The committed stack `dev`, under a name of its own. */
export class DevStack extends Stack {
    /** Its endpoint, once it is up in the lab. */
    ec2!: Ec2;

    /** @param kind tells the stacks of one test run apart */
    constructor(kind: string) {
        super(configIn(path.join(root, "Pulumi.dev.yaml")), kind);
    }

    setHost(values: object): void {
        this.edit((config) => (config["berth:host"] = { ...(config["berth:host"] as object), ...values }));
    }

    /** The first `up`, for nobody's SSH but this computer's. */
    async upInLab(): Promise<Result> {
        this.setHost({ sshFrom: [] });
        const result = await this.mustUp("--lab");
        this.ec2 = new Ec2(configIn(this.file)["berth:lab"]?.ec2 as { endpoint: string; region: string });
        return result;
    }

    async theInstance() {
        const instances = await this.ec2.instances(this.name);
        expect(instances).toHaveLength(1);
        return instances[0]!;
    }

    async address(): Promise<string> {
        return new URL((await this.outputs()).url).hostname;
    }
}
