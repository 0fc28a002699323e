import * as path from "node:path";
import { hideStacks } from "./faults";

// index.ts imports this file before all others, so that an exception while one of them loads is one line, too.
hideStacks(path.dirname(__dirname));
