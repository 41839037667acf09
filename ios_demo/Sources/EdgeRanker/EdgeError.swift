/// What went wrong, what shows it, and what to do about it: the one error that this library throws on purpose.
public struct EdgeError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problem: String
    public let evidence: String
    public let fix: String

    public init(_ problem: String, evidence: String = "", fix: String = "") {
        self.problem = problem
        self.evidence = evidence
        self.fix = fix
    }

    public var description: String {
        [problem, evidence, fix.isEmpty ? "" : "fix: \(fix)"].filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
