import SansIO

@testable import Conversation

extension CallSimulation {
    /// What happened in simulated calls, counted.
    struct Statistics {
        var interruptions = 0
        var actions = 0
        /// Pieces of the agent's speech that were heard.
        var heard = 0
        var answered = 0
        /// Answers that the model was asked for.
        var creates = 0
        /// Answers that it refused, as it gave one already.
        var conflicts = 0
        var losses = 0
        var reconnects = 0
        /// Calls with the outcome ``CallOutcome/Kind/completed``.
        var completed = 0

        static func += (total: inout Statistics, other: Statistics) {
            total.interruptions += other.interruptions
            total.actions += other.actions
            total.heard += other.heard
            total.answered += other.answered
            total.creates += other.creates
            total.conflicts += other.conflicts
            total.losses += other.losses
            total.reconnects += other.reconnects
            total.completed += other.completed
        }
    }

    /// Runs a call for each seed, and adds up what happened.
    static func statistics(ofCalls seeds: Range<UInt64>, plan: Plan = Plan()) -> Statistics {
        var total = Statistics()
        for seed in seeds {
            var call = CallSimulation(seed: seed, plan: plan)
            call.run()
            total += call.statistics
        }
        return total
    }
}
