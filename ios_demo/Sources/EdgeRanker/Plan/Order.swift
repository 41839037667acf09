/// The places of logits, best first (PLAN.md, section 6): NaN last, 0 and -0 equal, equal ones as they were.
func bestFirst(_ logits: [Float]) -> [Int] {
    let keys = logits.map { $0.isNaN ? -Float.infinity : $0 }
    return keys.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
}
