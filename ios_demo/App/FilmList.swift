import EdgeRanker
import SwiftUI

/// The films, best first, with buttons that tell the ranker what the user thinks of one.
struct FilmList: View {
    @StateObject var model: FilmModel

    var body: some View {
        NavigationView {
            List(model.films, id: \.film.id) { entry in
                HStack {
                    VStack(alignment: .leading) {
                        Text(entry.film["title"].text ?? entry.film.id)
                        Text(String(format: "%.3f", entry.score)).font(.caption).foregroundColor(.secondary)
                    }
                    Spacer()
                    button("hand.thumbsup", entry.film, liked: true)
                    button("hand.thumbsdown", entry.film, liked: false)
                }
            }
            .navigationTitle("Films")
            .safeAreaInset(edge: .bottom) { Text(model.status).font(.footnote).padding() }
        }
        .task { await model.open() }
    }

    private func button(_ image: String, _ film: Item, liked: Bool) -> some View {
        Button { Task { await model.like(film, liked) } } label: { Image(systemName: image) }
            .buttonStyle(.borderless)
            .accessibilityLabel(liked ? "Like" : "Dislike")
    }
}
