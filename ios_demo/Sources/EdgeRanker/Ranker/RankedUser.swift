/// A user to rank for, which `Ranker.user` gives. It is computed when candidates come, and kept while the app holds it.
///
/// An actor on the executor of its ranker: nothing of it is computed anywhere else, or at the same time.
public actor RankedUser {
    /// The name in the log.
    public nonisolated let id: String
    nonisolated let owner: Ranker
    private var state: UserState?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { owner.unownedExecutor }

    init(_ state: UserState, _ owner: Ranker) {
        id = state.id
        self.owner = owner
        self.state = state
    }

    /// One more event, the newest. Errors: what no event may be, or one before the newest; nothing is changed then.
    public func add(_ event: Event) async throws { try await owner.add(event, to: self) }

    /// Gives the state to the ranker, which puts it back: there is one copy, which can be changed in its place.
    func take() -> UserState? {
        defer { state = nil }
        return state
    }

    func put(_ state: UserState) { self.state = state }
}
