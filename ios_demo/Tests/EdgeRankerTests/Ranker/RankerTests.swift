import Foundation
import XCTest

@testable import EdgeRanker
@testable import EdgeReference

final class RankerTests: XCTestCase {
    private let candidates = (0..<20).map(item)

    func testUserWhoGrewIsRankedAsOneWhoWasMadeAtOnce() async throws {
        let ranker = try await tinyRanker()
        let grown = try await ranker.user(profile)
        for count in 0...20 {
            let whole = try await ranker.user(profile, (0..<count).map(event))
            for exit in try await ranker.exits {
                let expected = try await ranker.rank(whole, candidates, budget: Budget(exit: exit))
                assertNear(try await ranker.rank(grown, candidates, budget: Budget(exit: exit)), expected)
            }
            try await grown.add(event(count))
        }
    }

    func testWhatIsKeptChangesNoScore() async throws {
        var scores: [[Double]] = []
        for memory in [0.0, 64] {
            let ranker = try await tinyRanker(memoryMb: memory)
            let user = try await ranker.user(profile, (0..<9).map(event))
            for _ in 0..<2 { scores.append(try await ranker.rank(user, candidates).scores) }
        }
        XCTAssertEqual(scores, Array(repeating: scores[0], count: 4))
    }

    func testOrderOfCandidatesChangesNothingButTies() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile, (0..<5).map(event))
        let all = try await ranker.rank(user, candidates)
        assertNear(try await ranker.rank(user, candidates.reversed()), all)
        for (item, score) in zip(all.items, all.scores) {
            let alone = try await ranker.rank(user, [item])
            XCTAssertEqual(alone.scores[0], score, accuracy: 1e-5)
        }
    }

    func testPreparedItemsAreRankedAlikeAndEncodeNothing() async throws {
        let ranker = try await tinyRanker()
        let handles = try await ranker.prepare(candidates)
        let user = try await ranker.user(profile)
        let ranked = try await ranker.rank(user, handles)
        XCTAssertEqual(ranked.explanation.newTexts, 1)
        let again = try await ranker.rank(user, candidates)
        XCTAssertEqual(again.scores, ranked.scores)
        XCTAssertEqual(again.explanation.newTexts, 0)
        let other = try await tinyRanker()
        await assertRefused("another ranker") { _ = try await other.rank(try await other.user(profile), handles) }
        await assertRefused("another ranker") { _ = try await other.rank(user, self.candidates) }
    }

    func testBudgetThatCannotBeMetIsAnsweredAndReported() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile)
        let ranked = try await ranker.rank(user, candidates, budget: Budget(milliseconds: 1e-6, minAuc: 0.9))
        XCTAssertEqual(ranked.items.count, candidates.count)
        XCTAssertEqual(ranked.explanation.missed.count, 2)
    }

    func testExitWithACalibrationGivesProbabilitiesInTheOrderOfLogits() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile, [event(1)])
        let ranked = try await ranker.rank(user, candidates, budget: Budget(exit: Exit(encode: 1, interact: 1)))
        XCTAssert(ranked.explanation.areProbabilities && ranked.scores.allSatisfy { $0 > 0 && $0 < 1 })
        XCTAssertEqual(ranked.scores, ranked.scores.sorted(by: >))
        let other = try await ranker.rank(user, candidates, budget: Budget(exit: Exit(encode: 1, interact: 0)))
        XCTAssertFalse(other.explanation.areProbabilities)
    }

    func testWhatNoRequestMayHaveIsRefusedAndChangesNothing() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile, [event(4)])
        let before = try await ranker.rank(user, candidates).scores
        await assertRefused("event.item.year") {
            try await user.add(Event(Item("1", ["title": "red", "year": "soon"]), ["liked": true]))
        }
        await assertRefused("event.time") { try await user.add(event(3)) }
        await assertRefused("event.liked") { try await user.add(Event(item(1), ["liked": "yes"])) }
        await assertRefused("title") { try await user.add(Event(Item("1"), ["liked": true])) }
        await assertRefused("kind") { _ = try await ranker.user() }
        await assertRefused("candidates[1].id") { _ = try await ranker.rank(user, [item(1), item(1)]) }
        await assertRefused("time") { _ = try await ranker.rank(user, self.candidates, time: .nan) }
        await assertRefused("9/9") {
            _ = try await ranker.rank(user, self.candidates, budget: Budget(exit: Exit(encode: 9, interact: 9)))
        }
        for numbers in [(0.0, 0.5), (.nan, 0.5), (.infinity, 0.5), (1, 0), (1, 1.1)] {
            _ = refusal("\(numbers)") { _ = try Budget(milliseconds: numbers.0, minAuc: numbers.1) }
        }
        let after = try await ranker.rank(user, candidates).scores
        XCTAssertEqual(before, after)
    }

    func testBeyond10000EventsTheOldest2500Leave() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile, (0..<10_000).map(event))
        try await user.add(event(10_000))
        let left = try await ranker.user(profile, (2_500...10_000).map(event))
        assertNear(try await ranker.rank(user, candidates), try await ranker.rank(left, candidates))
        await assertRefused("events") { _ = try await ranker.user(profile, (0...10_000).map(event)) }
    }

    func testCancelledRequestEndsAndLeavesNoTrace() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile, (0..<5).map(event))
        for allowed in 0...3 {
            let checks = Counter()
            do {
                _ = try await ranker.rank(user, candidates, cancel: { checks.next() >= allowed })
                XCTFail("answered")
            } catch {
                XCTAssert(error is CancellationError, "\(error)")
            }
            try await ranker.forget()
            try await ranker.forget(user)
        }
        let whole = try await ranker.user(profile, (0..<5).map(event))
        let expected = try await ranker.rank(whole, candidates).scores
        let found = try await ranker.rank(user, candidates).scores
        XCTAssertEqual(found, expected)
    }

    func testCancelledTaskEndsItsRequest() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile)
        let candidates = candidates
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await ranker.rank(user, candidates)
        }
        task.cancel()
        let result = await task.result
        XCTAssertThrowsError(try result.get()) { XCTAssert($0 is CancellationError, "\($0)") }
    }

    func testTasksThatAddPrepareTrimAndForgetBetweenRequestsGetTheScoresOfOneTask() async throws {
        let ranker = try await tinyRanker()
        let candidates = candidates
        var scores: [[Double]] = []
        for count in 0..<20 { scores.append(try await scoresOfGrown(ranker, count, candidates)) }
        let expected = scores
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var different = 0
                    for round in 0..<rounds {
                        let count = (7 * number + round) % 20
                        if round % 8 == number { try await ranker.trim(toMb: 0) }
                        if round % 9 == number { _ = try await ranker.prepare(candidates) }
                        if round % 10 == number { _ = try await ranker.log() }
                        let found = try await scoresOfGrown(ranker, count, candidates)
                        different += found == expected[count] ? 0 : 1
                    }
                    return different
                }
            }
            for try await different in group { XCTAssertEqual(different, 0) }
        }
    }

    func testClosingRefusesLaterCallsAndMayBeRepeated() async throws {
        let ranker = try await tinyRanker()
        let user = try await ranker.user(profile)
        let candidates = candidates
        async let first = ranker.rank(user, candidates)
        _ = try? await first
        await ranker.close()
        await ranker.close()
        await assertRefused("closed") { _ = try await ranker.rank(user, candidates) }
        await assertRefused("closed") { _ = try await ranker.log() }
        await assertRefused("closed") { try await user.add(event(1)) }
        await assertRefused("closed") { try await ranker.forget() }
    }

    func testClosingAmongRequestsAnswersOrRefusesEach() async throws {
        for _ in 0..<rounds {
            let ranker = try await tinyRanker()
            let user = try await ranker.user(profile)
            let candidates = candidates
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        if number == 2 { await ranker.close() }
                        do {
                            return try await ranker.rank(user, candidates).items.count == candidates.count
                        } catch {
                            return "\(error)".contains("closed")
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            XCTAssertEqual(outcomes, Array(repeating: true, count: 6))
        }
    }

    func testNothingIsComputedOnTheMainThread() async throws {
        let seen = Counter()
        let ranker = try await tinyRanker(wrap: { WatchedEngine($0) { if Thread.isMainThread { _ = seen.next() } } })
        try await Task { @MainActor in
            let user = try await ranker.user(profile, [event(1)])
            _ = try await ranker.rank(user, (0..<3).map(item))
            _ = try await ranker.prepare([item(7)])
        }.value
        XCTAssertEqual(seen.next(), 0)
    }

    func testLogSaysWhatWasShownAndWhatCameOfIt() async throws {
        let ranker = try await tinyRanker(logRows: 7)
        let user = try await ranker.user(profile, id: "u")
        for _ in 0..<3 { _ = try await ranker.rank(user, Array(candidates[..<3]), time: 5) }
        try await user.add(Event(item(1), ["liked": true, "bought": true]))
        let rows = try await ranker.log().split(separator: "\n").map { Vector(try JsonReader.readStrictly(Array($0.utf8))) }
        XCTAssertEqual(rows.count, 6)
        XCTAssertEqual(rows.map { $0["request"].text.description.split(separator: "-")[1] }, ["2", "2", "2", "3", "3", "3"])
        let shown = try XCTUnwrap(rows.suffix(3).first { $0["item"].text == "1" })
        XCTAssertEqual(["liked", "bought", "time", "events"].map { shown[$0].int }, [1, 1, 5, 0])
        XCTAssertEqual(shown["user"].text, "u")
        XCTAssertEqual(rows.filter { $0["liked"].int == 0 && $0["bought"].int == 0 }.count, 5)
        XCTAssertEqual(shown["user.kind"].text, "new")
        XCTAssertEqual(shown["item.title"].text.description, item(1)["title"].text)
        let empty = try await ranker.log()
        XCTAssertEqual(empty, "")
    }

    private func assertNear(_ found: Ranked, _ expected: Ranked) {
        let scores = Dictionary(uniqueKeysWithValues: zip(expected.items.map(\.id), expected.scores))
        XCTAssertEqual(found.items.count, expected.items.count)
        for (item, score) in zip(found.items, found.scores) {
            XCTAssertEqual(score, scores[item.id] ?? .nan, accuracy: 2e-3)
        }
    }
}

/// How often what may go wrong between tasks is repeated.
private let rounds = Int(ProcessInfo.processInfo.environment["EDGE_ROUNDS"] ?? "") ?? 10

/// Of a user who is ranked for, does one thing more, and is ranked for again.
private func scoresOfGrown(_ ranker: Ranker, _ count: Int, _ candidates: [Item]) async throws -> [Double] {
    let user = try await ranker.user(profile, (0..<count).map(event))
    _ = try await ranker.rank(user, candidates)
    try await user.add(event(count))
    if count % 3 == 0 { try await ranker.forget(user) }
    return try await ranker.rank(user, candidates).scores
}
