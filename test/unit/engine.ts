import { DockerEngine } from "../../components/engine";
import { LocalHost } from "../../components/host";

export const labels = { "berth.project": "berth", "berth.stack": "test" };

/** The engine of an embedded host, of the stack `test`. */
export function localEngine(): DockerEngine {
    const host = new LocalHost("host", {
        machineName: "berth-test",
        image: "berth/host:x",
        sshPort: 20022,
        publishedPorts: [],
        labels,
    });
    return new DockerEngine("engine", { host, labels, users: [] });
}
