/** What the states of a job are called on the screen. */
import type { JobState } from "../api/types";

export const JOB_WORDS: Record<JobState, string> = {
	queued: "waiting for a worker",
	running: "running",
	cancelling: "stopping",
	succeeded: "done",
	failed: "failed",
	cancelled: "cancelled",
};
