/// A named measure with a sample a set of labels, as Prometheus knows it.
public struct MetricFamily: Hashable, Sendable {
    /// What its numbers mean.
    public enum Kind: String, Hashable, Sendable {
        /// Only grows, but for a restart.
        case counter
        /// Goes up and down.
        case gauge
        /// Observations counted by size; samples are `_bucket`, `_sum` and `_count`.
        case histogram
    }

    /// One number.
    public struct Sample: Hashable, Sendable {
        /// What is added to the family's name: `_bucket`; empty for counters and gauges.
        public let suffix: String
        /// What tells it from other samples of the family, in the order that is written.
        public let labels: [Label]
        /// The number.
        public let value: Double

        /// Makes one.
        public init(suffix: String = "", labels: [Label] = [], value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// A label of a sample.
    public struct Label: Hashable, Sendable {
        /// Letters, digits and underscores.
        public let name: String
        /// Any text.
        public let value: String

        /// Makes one.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Letters, digits, underscores and colons; counters end with `_total`, units stand last.
    public let name: String
    /// What it measures, in one line.
    public let help: String
    /// What its numbers mean.
    public let kind: Kind
    /// Its samples, each with other labels.
    public let samples: [Sample]

    /// Makes one.
    public init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A family with one sample that has no labels.
    public init(_ name: String, _ kind: Kind, help: String, value: Double) {
        self.init(name, kind, help: help, samples: [Sample(value: value)])
    }
}
