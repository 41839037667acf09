import EdgeRanker
import EdgeReference
import Foundation

/// What the screen shows. The ranker computes on a queue of its own; only results come to the main thread.
@MainActor
final class FilmModel: ObservableObject {
    @Published private(set) var films: [(film: Item, score: Double)] = []
    @Published private(set) var status = "Opening ..."
    private var ranker: Ranker?
    private var user: RankedUser?
    private var candidates: [Item] = []

    func open() async {
        do {
            let request = try parseRequest(Array(Data(contentsOf: resource("request", "json"))))
            let ranker = try await Ranker.open(.file(resource("movies", "edge").path), Options(engine: .reference))
            // Once after an installation or an update: this device computes what every other does.
            try await ranker.verify()
            self.ranker = ranker
            candidates = request.candidates
            user = try await ranker.user(request.user, request.events)
            await rank()
        } catch {
            status = "\(error)"
        }
    }

    func like(_ film: Item, _ liked: Bool) async {
        do {
            try await user?.add(Event(film, ["liked": Attribute(liked)]))
            await rank()
        } catch {
            status = "\(error)"
        }
    }

    private func rank() async {
        guard let ranker, let user else { return }
        do {
            let ranked = try await ranker.rank(user, candidates, budget: Budget(milliseconds: 50))
            films = Array(zip(ranked.items, ranked.scores))
            status = "\(ranked.explanation)"
        } catch {
            status = "\(error)"
        }
    }

    private func resource(_ name: String, _ type: String) throws -> URL {
        if let url = Bundle.main.url(forResource: name, withExtension: type) { return url }
        throw EdgeError("the app has no \(name).\(type)", fix: "add it to the target, as docs/ios.md says")
    }
}
