// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers of a tiny random model over bytes: what matters is where they stop and what is streamed.
#include "core/engine/answer_job.h"
#include "core/engine/chat_prompt.h"
#include "core/engine/sampler.h"
#include "core/text/byte_alphabet.h"
#include "in_memory_weights.h"
#include "wrapped_backend.h"

#include <QtTest>

#include <set>

using namespace bwla;
using namespace bwla::test;

namespace {

constexpr std::int64_t vocabulary = 257; // all bytes and <end>
constexpr std::int32_t endToken = 256;

TokenizerData byteTokenizer() {
    TokenizerData data;
    const ByteAlphabet alphabet;
    for (int byte = 0; byte < 256; ++byte)
        data.tokens.push_back(alphabet.written(static_cast<unsigned char>(byte)));
    data.tokens.emplace_back("<end>");
    data.special = {endToken};
    data.control = {endToken};
    data.preTokenizer = "gpt-2";
    return data;
}

/// A model on a device that is lost after so many runs.
struct LosingModel {
    LosingModel(const InMemoryWeights& weights, int runs)
        : backend(makeReferenceBackend(),
                  [runs](const Step&) mutable {
                      if (--runs < 0)
                          throw KernelError(KernelErrorCode::deviceLost, "GPU", "it went");
                  }),
          model(backend, weights) {}

    WrappedBackend backend;
    Transformer model;
};

} // namespace

class AnswerJobTest : public QObject {
    Q_OBJECT
    InMemoryWeights weights_ = floatModel(tinyConfig(vocabulary), 1);
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();
    Transformer model_{*backend_, weights_};
    std::vector<std::int32_t> prompt_ = Random(2).tokens(20, 256);

    AnswerResult answer(Session& session, const AnswerSettings& settings,
                        const TokenizerData& data = byteTokenizer(),
                        const Sink<AnswerEvent>& sink = {}, const std::stop_token& stop = {}) {
        const Tokenizer tokenizer(data);
        return AnswerJob(session, tokenizer).run(settings, sink, stop);
    }
    /// Greedy tokens by hand.
    std::vector<std::int32_t> greedy(int count) {
        Session session(model_, 128);
        Sampler sampler(0.0, 0);
        std::vector<std::int32_t> tokens{sampler.next(session.feed(prompt_))};
        while (static_cast<int>(tokens.size()) < count)
            tokens.push_back(sampler.next(session.feed({&tokens.back(), 1})));
        return tokens;
    }

private slots:
    void greedyAnswerIsTheLikeliestPath();
    void stopsAtTheEndToken();
    void stopsBeforeAStopString();
    void stopsWhenTheContextIsFull();
    void aStopKeepsWhatWasSaid();
    void stoppedBeforeItBegan();
    void eventsAreWholeCharacters();
    void theNextTurnReusesTheCache();
    void readingThePromptIsTold();
    void tokensStandWhereTheyAreInTheText();
    void everySamplerSettingCounts();
    void nothingMeasuredIsNoSpeed();
    void badSettingsAreRefused();
    void promptsBeginWithOneBos();
    void aModelWithoutTemplateIsNamed();
    void anotherSessionGoesOn();
    void aStopReachesTheOtherSession();
    void aFailureWithoutRescueIsPassedOn();
};

void AnswerJobTest::greedyAnswerIsTheLikeliestPath() {
    Session session(model_, 128);
    const auto result =
        answer(session, {.prompt = prompt_, .maxTokens = 12, .sampling = {.temperature = 0}});
    QCOMPARE(result.stop, StopReason::length);
    QCOMPARE(result.tokens, 12);
    QCOMPARE(result.promptTokens, 20);
    const Tokenizer tokenizer(byteTokenizer());
    Utf8Stream characters;
    std::string expected;
    for (const std::int32_t token : greedy(12))
        expected += characters.add(tokenizer.piece(token));
    QCOMPARE(result.text, expected + characters.finish());
    QVERIFY(result.promptSpeed() > 0);
    QCOMPARE(result.decodeSteps, 11); // the last token is not fed
}

void AnswerJobTest::stopsAtTheEndToken() {
    const auto path = greedy(6);
    const auto end = std::find(path.begin(), path.end(), path.back());
    TokenizerData data = byteTokenizer();
    data.eos = {endToken, path.back()}; // what the model says on its way becomes an end
    Session session(model_, 128);
    const auto result =
        answer(session, {.prompt = prompt_, .maxTokens = 50, .sampling = {.temperature = 0}}, data);
    QCOMPARE(result.stop, StopReason::end);
    QCOMPARE(result.tokens, end - path.begin());
}

void AnswerJobTest::stopsBeforeAStopString() {
    // Printable text only, so that a stop string can be cut out of what the model says anyway.
    TokenizerData data = byteTokenizer();
    for (std::size_t id = 0; id < 256; ++id)
        data.tokens[id] = std::to_string(id).append(1, static_cast<char>('a' + id % 26));
    data.tokens[256] = "<end>";
    Session session(model_, 128);
    AnswerSettings settings{
        .prompt = prompt_, .maxTokens = 30, .sampling = {.temperature = 1.0, .seed = 3}};
    const std::string whole = answer(session, settings, data).text;
    const std::string stop = whole.substr(whole.size() / 2, 5); // across tokens
    const std::string before = whole.substr(0, whole.find(stop));
    settings.stopStrings = {"never said", stop};
    std::string heard;
    const auto result =
        answer(session, settings, data, [&](const AnswerEvent& event) { heard += event.text; });
    QCOMPARE(result.stop, StopReason::text);
    QCOMPARE(result.text, before);
    QCOMPARE(heard, before);
    QVERIFY(result.tokens < 30);
}

void AnswerJobTest::stopsWhenTheContextIsFull() {
    Session session(model_, 25);
    const auto result =
        answer(session, {.prompt = prompt_, .maxTokens = 50, .sampling = {.temperature = 0}});
    QCOMPARE(result.stop, StopReason::context);
    QCOMPARE(session.length(), 25);
    QCOMPARE(result.tokens, 6); // five in the cache, and the one that follows from the last
}

void AnswerJobTest::aStopKeepsWhatWasSaid() {
    Session session(model_, 128);
    std::stop_source source;
    std::string heard;
    const auto sink = [&](const AnswerEvent& event) {
        heard += event.text;
        if (event.tokens >= 5)
            source.request_stop();
    };
    const auto result =
        answer(session, {.prompt = prompt_, .maxTokens = 100, .sampling = {.temperature = 1}},
               byteTokenizer(), sink, source.get_token());
    QCOMPARE(result.stop, StopReason::stopped);
    QVERIFY(result.tokens >= 5 && result.tokens < 100);
    QCOMPARE(result.text, heard);
}

void AnswerJobTest::stoppedBeforeItBegan() {
    Session session(model_, 128);
    std::stop_source source;
    source.request_stop();
    const auto result =
        answer(session, {.prompt = prompt_}, byteTokenizer(), {}, source.get_token());
    QCOMPARE(result.stop, StopReason::stopped);
    QCOMPARE(result.text, std::string());
}

void AnswerJobTest::eventsAreWholeCharacters() {
    Session session(model_, 128);
    std::string heard;
    bool whole = true;
    const auto sink = [&](const AnswerEvent& event) {
        heard += event.text;
        const auto text = QString::fromStdString(event.text);
        whole = whole && text.toUtf8().toStdString() == event.text;
    };
    const auto result = answer(
        session, {.prompt = prompt_, .maxTokens = 90, .sampling = {.temperature = 2, .seed = 3}},
        byteTokenizer(), sink);
    QVERIFY(whole); // random bytes: broken ones arrive as U+FFFD
    QCOMPARE(result.text, heard);
}

void AnswerJobTest::theNextTurnReusesTheCache() {
    AnswerSettings settings{.prompt = prompt_, .maxTokens = 5, .sampling = {.temperature = 0}};
    Session session(model_, 128);
    (void)answer(session, settings);
    for (const std::int32_t token : Random(4).tokens(7, 256))
        settings.prompt.push_back(token);
    const auto again = answer(session, settings);
    QVERIFY(again.reusedTokens >= 20);
    Session fresh(model_, 128);
    QCOMPARE(again.text, answer(fresh, settings).text);
}

void AnswerJobTest::readingThePromptIsTold() {
    Session session(model_, 512);
    std::vector<std::int64_t> read;
    std::int64_t said = 0;
    const auto result = answer(
        session,
        {.prompt = Random(5).tokens(300, 256), .maxTokens = 4, .sampling = {.temperature = 0}},
        byteTokenizer(), [&](const AnswerEvent& event) {
            if (event.text.empty())
                read.push_back(event.promptRead);
            said += std::ssize(event.added);
            QVERIFY(event.seconds >= event.decodeSeconds);
        });
    QCOMPARE(read, (std::vector<std::int64_t>{128, 256, 300}));
    QVERIFY(said <= result.tokens);
    QVERIFY(result.firstTokenSeconds >= result.promptSeconds);

    std::stop_source source; // a stop while the prompt is read
    const auto stopped = answer(
        session, {.prompt = Random(6).tokens(300, 256)}, byteTokenizer(),
        [&](const AnswerEvent&) { source.request_stop(); }, source.get_token());
    QCOMPARE(stopped.stop, StopReason::stopped);
    QCOMPARE(stopped.tokens, 0);
    QCOMPARE(session.length(), 128);
    QVERIFY(std::isnan(stopped.firstTokenSeconds));
}

void AnswerJobTest::tokensStandWhereTheyAreInTheText() {
    TokenizerData data = byteTokenizer();
    for (std::size_t id = 0; id < 256; ++id)
        data.tokens[id] = std::to_string(id).append(1, static_cast<char>('a' + id % 26));
    Session session(model_, 128);
    std::vector<AnswerToken> heard;
    const auto result =
        answer(session, {.prompt = prompt_, .maxTokens = 9, .sampling = {.seed = 8}}, data,
               [&](const AnswerEvent& event) {
                   heard.insert(heard.end(), event.added.begin(), event.added.end());
               });
    QCOMPARE(heard, result.path);
    QCOMPARE(std::ssize(result.path), result.tokens);
    std::int64_t begin = 0;
    for (const AnswerToken& token : result.path) {
        QCOMPARE(result.text.substr(static_cast<std::size_t>(begin),
                                    static_cast<std::size_t>(token.end - begin)),
                 data.tokens.at(static_cast<std::size_t>(token.id)));
        begin = token.end;
    }
}

void AnswerJobTest::everySamplerSettingCounts() {
    const auto text = [&](const SamplerSettings& sampling) {
        Session session(model_, 128);
        return answer(session, {.prompt = prompt_, .maxTokens = 40, .sampling = sampling}).path;
    };
    const auto greedy = text({.temperature = 0});
    QCOMPARE(text({.temperature = 5, .topK = 1}), greedy);
    QCOMPARE(text({.temperature = 5, .topP = 1e-9}), greedy);
    QCOMPARE(text({.temperature = 5, .minP = 0.999}), greedy);
    QVERIFY(text({.temperature = 5, .seed = 1}) != text({.temperature = 5, .seed = 2}));
    // Greedy decoding with a strong penalty never says a token of the window again.
    const auto fresh = text({.temperature = 0, .repeatPenalty = 1e6, .repeatWindow = 100});
    std::set<std::int32_t> ids(prompt_.begin(), prompt_.end());
    for (const AnswerToken& token : fresh)
        QVERIFY(ids.insert(token.id).second);
}

void AnswerJobTest::nothingMeasuredIsNoSpeed() {
    const AnswerResult nothing;
    QVERIFY(std::isnan(nothing.promptSpeed()));
    QVERIFY(std::isnan(nothing.decodeSpeed()));
}

void AnswerJobTest::badSettingsAreRefused() {
    Session session(model_, 128);
    const auto refused = [&](const AnswerSettings& settings, ErrorCode code) {
        try {
            (void)answer(session, settings);
        } catch (const Error& error) {
            return error.code == code;
        }
        return false;
    };
    QVERIFY(refused({.prompt = {}}, ErrorCode::badArgument));
    QVERIFY(refused({.prompt = prompt_, .maxTokens = 0}, ErrorCode::badArgument));
    QVERIFY(refused({.prompt = prompt_, .sampling = {.temperature = -1}}, ErrorCode::badArgument));
    QVERIFY(refused({.prompt = Random(1).tokens(129, 256)}, ErrorCode::promptTooLong));
}

void AnswerJobTest::promptsBeginWithOneBos() {
    TokenizerData data = byteTokenizer();
    data.bos = endToken;
    QCOMPARE(promptTokens(Tokenizer(data), "a"), (std::vector<std::int32_t>{'a'}));
    data.addBos = true;
    const std::vector<std::int32_t> expected{endToken, 'a'};
    QCOMPARE(promptTokens(Tokenizer(data), "a"), expected);
    QCOMPARE(promptTokens(Tokenizer(data), "<end>a"), expected);
}

void AnswerJobTest::aModelWithoutTemplateIsNamed() {
    const TokenizerData data = byteTokenizer();
    try {
        (void)renderPrompt(data, {{"user", "hi"}});
        QFAIL("no error");
    } catch (const Error& error) {
        QCOMPARE(error.code, ErrorCode::badTemplate);
    }
}

// The first device ends while the prompt is read, after it, and in the middle of the answer.
void AnswerJobTest::anotherSessionGoesOn() {
    const AnswerSettings settings{.prompt = Random(5).tokens(300, 256),
                                  .maxTokens = 20,
                                  .sampling = {.temperature = 1, .seed = 3}};
    Session whole(model_, 512);
    const auto expected = answer(whole, settings);
    const Tokenizer tokenizer(byteTokenizer());
    for (const int lastRun : {0, 2, 3, 12}) {
        LosingModel device(weights_, lastRun);
        Session lost(device.model, 512);
        Session other(model_, 512);
        int rescues = 0;
        std::string heard;
        AnswerJob job(lost, tokenizer, [&](const KernelError& error) -> Session& {
            rescues += error.code() == KernelErrorCode::deviceLost ? 1 : 0;
            return other;
        });
        const auto result =
            job.run(settings, [&](const AnswerEvent& event) { heard += event.text; }, {});
        QCOMPARE(rescues, 1);
        QCOMPARE(result.path, expected.path); // nothing twice, nothing lost, the same draws
        QCOMPARE(result.text, expected.text);
        QCOMPARE(heard, expected.text);
        const int said = std::max(0, lastRun - 2); // three chunks, the third gives the first token
        QCOMPARE(result.readTokens, 300 + said);
        QCOMPARE(result.decodeSteps, 19 - said);
        QCOMPARE(result.reusedTokens, 0);
    }
}

void AnswerJobTest::aStopReachesTheOtherSession() {
    LosingModel device(weights_, 2);
    Session lost(device.model, 512);
    Session other(model_, 512);
    std::stop_source source;
    const Tokenizer tokenizer(byteTokenizer());
    AnswerJob job(lost, tokenizer, [&](const KernelError&) -> Session& {
        source.request_stop();
        return other;
    });
    const auto result = job.run({.prompt = Random(5).tokens(300, 256)}, {}, source.get_token());
    QCOMPARE(result.stop, StopReason::stopped);
    QCOMPARE(other.length(), 0);
}

void AnswerJobTest::aFailureWithoutRescueIsPassedOn() {
    LosingModel device(weights_, 1);
    Session lost(device.model, 128);
    try {
        (void)answer(lost, {.prompt = prompt_, .maxTokens = 5});
        QFAIL("no error");
    } catch (const KernelError& error) {
        QCOMPARE(error.code(), KernelErrorCode::deviceLost);
    }
}

QTEST_GUILESS_MAIN(AnswerJobTest)
#include "answer_job_test.moc"
