// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/session.h"
#include "core/error.h"
#include "in_memory_weights.h"
#include "wrapped_backend.h"

#include <QtTest>

#include <optional>

using namespace bwla;
using namespace bwla::test;

namespace {

using Tokens = std::vector<std::int32_t>;

std::vector<float> copy(std::span<const float> values) {
    return {values.begin(), values.end()};
}

/// Logits of every position, one token a run.
std::vector<float> oneByOne(Session& session, const Tokens& tokens) {
    std::vector<float> rows;
    for (const std::int32_t& token : tokens) {
        const auto logits = session.feed({&token, 1});
        rows.insert(rows.end(), logits.begin(), logits.end());
    }
    return rows;
}

template<class Call>
std::optional<Error> errorOf(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

constexpr double tolerance = 1e-4;

} // namespace

class SessionTest : public QObject {
    Q_OBJECT
    InMemoryWeights weights_ = floatModel(tinyConfig(), 1);
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();
    Transformer model_{*backend_, weights_};
    Tokens tokens_ = Random(2).tokens(300, 70);

private slots:
    void chunksDoNotChangeLogits();
    void rewindForgets();
    void prefixIsReused();
    void prefixNeverCoversThePrompt();
    void promptTooLongComputesNothing();
    void badTokensComputeNothing();
    void stopBeforeFeedKeepsTheSession();
    void stopBetweenChunksKeepsFinishedChunks();
    void stopInFeedAll();
    void sessionsOfOneModelAreIndependent();
    void capacityOfTheCacheIsExact();
};

void SessionTest::chunksDoNotChangeLogits() {
    Session single(model_, 300);
    const std::vector<float> expected = oneByOne(single, tokens_);
    Session batched(model_, 300);
    std::vector<float> found;
    std::vector<std::int64_t> starts;
    QVERIFY(batched.feedAll(tokens_, [&](std::int64_t first, std::span<const float> rows) {
        starts.push_back(first);
        found.insert(found.end(), rows.begin(), rows.end());
    }));
    QCOMPARE(starts, (std::vector<std::int64_t>{0, 128, 256}));
    QCOMPARE(batched.length(), 300);
    QVERIFY2(relativeError(found, expected) < tolerance,
             qPrintable(QString::number(relativeError(found, expected))));

    Session last(model_, 300);
    const auto logits = copy(last.feed(tokens_));
    QVERIFY(relativeError(logits, {expected.end() - 70, expected.end()}) < tolerance);
}

void SessionTest::rewindForgets() {
    Session session(model_, 300);
    session.feed(std::span(tokens_).first(40));
    const Tokens other = Random(3).tokens(90, 70);
    session.feed(other);
    session.rewind(40);
    QCOMPARE(session.length(), 40);
    const auto again = copy(session.feed(std::span(tokens_).subspan(40, 30)));
    Session fresh(model_, 300);
    const auto expected = copy(fresh.feed(std::span(tokens_).first(70)));
    QVERIFY(relativeError(again, expected) < tolerance);
    session.rewind(500); // nothing beyond the end to forget
    QCOMPARE(session.length(), 70);
}

void SessionTest::prefixIsReused() {
    Session session(model_, 300);
    session.feed(std::span(tokens_).first(100));
    Tokens next(tokens_.begin(), tokens_.begin() + 60);
    next.push_back((tokens_[60] + 1) % 70);
    next.push_back(5);
    QCOMPARE(session.reusePrefix(next), 60);
    const auto found = copy(session.feed(std::span(next).subspan(60)));
    Session fresh(model_, 300);
    QVERIFY(relativeError(found, copy(fresh.feed(next))) < tolerance);
}

void SessionTest::prefixNeverCoversThePrompt() {
    Session session(model_, 300);
    session.feed(std::span(tokens_).first(50));
    QCOMPARE(session.reusePrefix(std::span(tokens_).first(50)), 49);
    QCOMPARE(session.length(), 49);
    QCOMPARE(session.reusePrefix(std::span(tokens_).first(10)), 9);
    QCOMPARE(session.reusePrefix({}), 0);
    QCOMPARE(session.length(), 0);
}

void SessionTest::promptTooLongComputesNothing() {
    int runs = 0;
    WrappedBackend counting(makeReferenceBackend(), [&](const Step&) { ++runs; });
    Transformer model(counting, weights_);
    Session session(model, 200);
    session.feed(std::span(tokens_).first(10));
    runs = 0;
    const auto error = errorOf([&] { session.feed(std::span(tokens_).first(191)); });
    QVERIFY(error && error->code == ErrorCode::promptTooLong);
    QCOMPARE(error->expected, 200);
    QCOMPARE(error->found, 201);
    QVERIFY(errorOf([&] { session.feedAll(tokens_, [](auto, auto) {}); }));
    QCOMPARE(runs, 0);
    QCOMPARE(session.length(), 10);
}

void SessionTest::badTokensComputeNothing() {
    Session session(model_, 200);
    for (const Tokens& tokens : {Tokens{}, Tokens{1, 70}, Tokens{1, -1}}) {
        const auto error = errorOf([&] { session.feed(tokens); });
        QVERIFY(error && error->code == ErrorCode::badArgument);
        QVERIFY(error->detail.ends_with('.'));
    }
    QCOMPARE(session.length(), 0);
}

void SessionTest::stopBeforeFeedKeepsTheSession() {
    Session session(model_, 300);
    session.feed(std::span(tokens_).first(20));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(session.feed(std::span(tokens_).subspan(20), stop.get_token()).empty());
    QCOMPARE(session.length(), 20);
}

void SessionTest::stopBetweenChunksKeepsFinishedChunks() {
    std::stop_source stop;
    WrappedBackend stopping(makeReferenceBackend(), [&](const Step& step) {
        if (step.position == 128)
            stop.request_stop();
    });
    Transformer model(stopping, weights_);
    Session session(model, 300);
    QVERIFY(session.feed(tokens_, stop.get_token()).empty());
    // The second chunk was under way: it is in the session only if it finished all the same.
    QVERIFY(session.length() == 128 || session.length() == 256);
    // What the session holds is sound: going on gives the logits of an undisturbed run.
    const auto rest = std::span(tokens_).subspan(static_cast<std::size_t>(session.length()));
    const auto found = copy(session.feed(rest));
    Session fresh(model_, 300);
    QVERIFY(relativeError(found, copy(fresh.feed(tokens_))) < tolerance);
}

void SessionTest::stopInFeedAll() {
    std::stop_source stop;
    Session session(model_, 300);
    int chunks = 0;
    const bool finished = session.feedAll(
        tokens_,
        [&](std::int64_t, std::span<const float>) {
            ++chunks;
            stop.request_stop();
        },
        stop.get_token());
    QVERIFY(!finished);
    QCOMPARE(chunks, 1);
    QCOMPARE(session.length(), 128);
}

void SessionTest::sessionsOfOneModelAreIndependent() {
    Session first(model_, 100);
    Session second(model_, 100);
    const Tokens a = Random(4).tokens(20, 70);
    const Tokens b = Random(5).tokens(20, 70);
    first.feed(std::span(a).first(10));
    second.feed(b);
    const auto found = copy(first.feed(std::span(a).subspan(10)));
    Session fresh(model_, 100);
    QVERIFY(relativeError(found, copy(fresh.feed(a))) < tolerance);
}

void SessionTest::capacityOfTheCacheIsExact() {
    Session session(model_, 129); // the second chunk is a single token
    QCOMPARE(session.capacity(), 129);
    QVERIFY(session.bytes() > 0);
    QCOMPARE(session.feed(std::span(tokens_).first(129)).size(), std::size_t(70));
    QVERIFY(errorOf([&] { session.feed(std::span(tokens_).first(1)); }));
    ModelConfig config = tinyConfig();
    QCOMPARE(defaultCapacity(config), 512);
    config.context = 131072;
    QCOMPARE(defaultCapacity(config), 4096);
}

QTEST_GUILESS_MAIN(SessionTest)
#include "session_test.moc"
