/// A user to rank for, made by `Ranker.user`. It is computed at the first request, and kept as long as the app holds
/// it.
///
/// An actor on the executor of its ranker, so that the two never run at the same time.
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

    /// One more event. Errors: an invalid event, or one that is older than the newest; then nothing is changed.
    public func add(_ event: Event) async throws { try await owner.add(event, to: self) }

    /// Gives the state to the ranker, which puts it back: so there is one copy, which can be changed in place.
    func take() -> UserState? {
        defer { state = nil }
        return state
    }

    func put(_ state: UserState) { self.state = state }
}
