import { Stack, docker } from "./project";

/** nginx as the tests of the embedded host want it, but for its ports. */
export const web = { image: "nginx:1.30", restart: "unless-stopped" };

/** A stack with nginx on an embedded host. */
export class WebStack extends Stack {
    /**
     * @param kind tells the stacks of one test run apart
     * @param port of this computer that leads to nginx
     */
    constructor(kind: string, port: number) {
        super(
            {
                "berth:host": { kind: "local" },
                "berth:engine": { users: [] },
                "berth:services": { web: { ...web, ports: [`${port}:80`] } },
            },
            kind,
        );
    }

    setWeb(service: Record<string, unknown>): void {
        this.edit((config) => (config["berth:services"] = { web: service }));
    }

    machineId(): Promise<string> {
        return docker("inspect", "--format", "{{.Id}}", this.prefix);
    }
}
