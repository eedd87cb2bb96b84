// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tiny models side by side: who speaks when, what a stop leaves, and how answers are compared.
#include "core/chat/chat_job.h"
#include "core/engine/chat_prompt.h"
#include "core/engine/context_use.h"
#include "core/error_text.h"
#include "core/eval/token_loss.h"
#include "kernels/vulkan_backend.h"
#include "tiny_pair.h"
#include "wrapped_backend.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace bwla;
using namespace bwla::test;

namespace {

template<class Event>
const Event* get(const ChatEvent& event) {
    return std::get_if<Event>(&event);
}

} // namespace

class ChatJobTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::string original_, quantized_;
    std::function<void(const Step&)> beforeRun_ = [](const Step&) {};
    std::shared_ptr<ChatRoom> room_;
    std::vector<std::string> devices_; ///< asked for, without the processor
    std::vector<EngineChoice> asked_;  ///< all of them
    std::weak_ptr<int> alive_;         ///< as long as the last backend
    bool several_ = false;             ///< backends at a time, with all their memory
    int runsUntilLost_ = -1;           ///< of a device that is no processor; -1 = never
    std::vector<ChatEvent> events_;
    std::stop_source stop_;

    ChatSettings settings(std::optional<std::string> left, std::optional<std::string> right) const {
        const std::vector<ChatMessage> messages{{"user", "the other one and the first"}};
        ChatSettings all{.sides = {}, .sampling = {.temperature = 1, .seed = 5}, .maxTokens = 24};
        if (left)
            all.sides[0] = ChatRequest{*left, messages};
        if (right)
            all.sides[1] = ChatRequest{*right, messages};
        return all;
    }
    int run(const ChatSettings& settings, const std::function<void(const ChatEvent&)>& also = {}) {
        return ChatJob(room_).run(
            settings,
            [&](const ChatEvent& event) {
                events_.push_back(event);
                if (also)
                    also(event);
            },
            stop_.get_token());
    }
    template<class Event>
    std::vector<Event> all() const {
        std::vector<Event> found;
        for (const ChatEvent& event : events_)
            if (const auto* one = get<Event>(event))
                found.push_back(*one);
        return found;
    }

private Q_SLOTS:
    void initTestCase() {
        const std::filesystem::path root = folder_.path().toStdString();
        writeTinyPair(root);
        original_ = root / "original";
        quantized_ = root / "quantized";
    }
    void init() {
        room_ = std::make_shared<ChatRoom>([this](const EngineChoice& choice) {
            const std::string& device = choice.device;
            several_ = several_ || !alive_.expired();
            const auto alive = std::make_shared<int>();
            alive_ = alive;
            const auto run = [this, alive](const Step& s) { beforeRun_(s); };
            asked_.push_back(choice);
            if (device == automaticDevice || device == processorDevice)
                return std::make_unique<WrappedBackend>(makeReferenceBackend(), run);
            devices_.push_back(device);
            if (device == "gone")
                throw KernelError(KernelErrorCode::unsupported, "Vulkan", "no such device");
            return std::make_unique<WrappedBackend>(
                makeReferenceBackend(),
                [this, alive](const Step& s) {
                    if (--runsUntilLost_ == 0)
                        throw KernelError(KernelErrorCode::deviceLost, "GPU",
                                          "it stopped answering");
                    beforeRun_(s);
                },
                BackendInfo{"vulkan", device, "test", 0});
        });
        devices_.clear();
        asked_.clear();
        several_ = false;
        runsUntilLost_ = -1;
        beforeRun_ = [](const Step&) {};
        events_.clear();
        stop_ = {};
    }

    void aMissingDeviceLeavesItToTheProcessor() {
        auto asked = settings(original_, quantized_);
        asked.device = "gone";
        QCOMPARE(run(asked), 2);
        QCOMPARE(all<ChatFellBack>().size(), std::size_t{1});
        QVERIFY(all<ChatFellBack>()[0].reason.find("no such device") != std::string::npos);
        QCOMPARE(all<ChatBegins>()[0].backend.backend, std::string("reference"));
        QCOMPARE(run(asked), 2); // remembers that it is gone ...
        QCOMPARE(devices_.size(), std::size_t{1});
        asked.deviceAgain = true; // ... until somebody wants to know again
        QCOMPARE(run(asked), 2);
        QCOMPARE(devices_.size(), std::size_t{2});
    }

    /// Lost while the original reads, while they write, while they are compared: the text goes on
    /// where it was, with the tokens that the sampler would have drawn.
    void aLostDeviceChangesNoAnswer() {
        auto asked = settings(original_, quantized_);
        int runs = 0;
        beforeRun_ = [&](const Step&) { ++runs; };
        QCOMPARE(run(asked), 2);
        beforeRun_ = [](const Step&) {};
        std::vector<std::string> texts;
        for (const ChatAnswered& answered : all<ChatAnswered>())
            texts.push_back(answered.answer.text);
        for (const int lost : {1, runs / 8, runs / 4, runs / 2, runs}) {
            events_.clear();
            asked.device = "GPU " + std::to_string(lost);
            runsUntilLost_ = lost;
            QCOMPARE(run(asked), 2);
            QCOMPARE(all<ChatFellBack>().size(), std::size_t{1});
            QVERIFY(!several_);
            std::array<std::string, 2> written;
            for (const ChatWriting& event : all<ChatWriting>())
                written[static_cast<std::size_t>(event.side)] += event.answer.text;
            QCOMPARE(all<ChatAnswered>().size(), std::size_t{2});
            for (std::size_t side = 0; side < 2; ++side) {
                QCOMPARE(written[side], texts[side]);
                QCOMPARE(all<ChatAnswered>()[side].answer.text, texts[side]);
            }
            QCOMPARE(all<ChatCompared>().size(), std::size_t{1});
            QCOMPARE(all<ChatBegins>().back().backend.backend,
                     std::string(lost == runs ? "vulkan" : "reference"));
        }
    }

    void whatDoesNotFitIsRefusedBeforeItIsRead() {
        auto asked = settings(original_, std::nullopt);
        std::string text;
        for (int i = 0; i < 200; ++i)
            text += "the other ";
        asked.sides[0]->messages.back().content = text;
        int runs = 0;
        beforeRun_ = [&](const Step&) { ++runs; };
        try {
            run(asked);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.code, ErrorCode::promptTooLong);
            const Tokenizer& tokenizer = *room_->model(ChatSide::original)->tokenizer();
            const std::int64_t capacity = room_->model(ChatSide::original)->session().capacity();
            const ContextUse use = contextUse(tokenizer, asked.sides[0]->messages, capacity);
            QVERIFY(sentence(error).starts_with(doesNotFit(use)));
            QCOMPARE(error.found, use.total());
            QVERIFY(use.excess() > 0);
            QCOMPARE(use.message, std::ssize(tokenizer.encode(text, false)));
        }
        QCOMPARE(runs, 0);
    }

    /// The last token that fits leaves room for an answer of one.
    void aFullContextAnswersWithOneToken() {
        auto asked = settings(original_, std::nullopt);
        run(asked);
        ChatModel& model = *room_->model(ChatSide::original);
        const std::int64_t capacity = model.session().capacity();
        std::string& text = asked.sides[0]->messages.back().content;
        const auto excess = [&] {
            return contextUse(*model.tokenizer(), asked.sides[0]->messages, capacity).excess();
        };
        while (excess() < 0)
            text += "7"; // a token a digit
        QCOMPARE(excess(), 0);
        events_.clear();
        run(asked);
        QCOMPARE(all<ChatAnswered>()[0].answer.stop, StopReason::context);
        QCOMPARE(all<ChatAnswered>()[0].answer.tokens, 1);
        text += "7";
        QVERIFY_THROWS_EXCEPTION(Error, run(asked));
    }

    void aByteCacheGoesWithTheDevice() {
        auto asked = settings(original_, std::nullopt);
        asked.device = "gone";
        asked.cacheBits = 8;
        QCOMPARE(run(asked), 1);
        QCOMPARE(asked_, (std::vector<EngineChoice>{{"gone", 8}, {processorDevice, 8}}));
        for (const int bits : {8, 16}) {
            const auto backend = makeEngineBackend({processorDevice, bits});
            QCOMPARE(backend->kvCache({1, 10, 1, 64})->bytes(), 2 * 10 * (bits == 8 ? 68 : 128));
        }
    }

    /// On a real driver (lavapipe in CI), lost in the middle of an answer.
    void aLostVulkanDeviceLeavesTheAnswerToTheProcessor() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
        const auto asked = [this](const std::string& device) {
            auto one = settings(std::nullopt, quantized_);
            one.sampling.temperature = 0;
            one.device = device;
            return one;
        };
        QCOMPARE(run(asked(processorDevice)), 1);
        const std::string expected = all<ChatAnswered>().back().answer.text;
        VulkanOptions options;
        options.allowSoftware = true;
        const auto submissions = [&](int most) {
            events_.clear();
            options.mask.submissions = most;
            room_ = std::make_shared<ChatRoom>(
                [&](const EngineChoice& choice) -> std::unique_ptr<Backend> {
                    if (choice.device == processorDevice)
                        return makeReferenceBackend();
                    return makeVulkanBackend(options);
                });
            return run(asked("vulkan"));
        };
        for (const int most : {3, 200}) { // while loading, or while writing
            QCOMPARE(submissions(most), 1);
            if (all<ChatFellBack>().empty())
                continue; // it was done before
            QVERIFY(all<ChatFellBack>()[0].reason.find("stopped answering") != std::string::npos);
            QCOMPARE(all<ChatAnswered>().size(), std::size_t{1});
            QCOMPARE(all<ChatAnswered>()[0].answer.text, expected);
        }
    }

    void oneAfterTheOtherThenCompared() {
        QCOMPARE(run(settings(original_, quantized_)), 2);
        std::string order;
        for (const ChatEvent& event : events_) {
            const char letter = "lbwacdf"[event.index()];
            if (order.empty() || order.back() != letter)
                order += letter;
        }
        QCOMPARE(order, std::string("lbwalbwacd"));
        const auto answered = all<ChatAnswered>();
        QCOMPARE(answered[0].side, ChatSide::original);
        QCOMPARE(answered[1].side, ChatSide::quantized);
        QVERIFY(answered[0].memoryBytes > 0);
        QCOMPARE(std::ssize(all<ChatCompared>().front().agreement.kl), answered[1].answer.tokens);
        QCOMPARE(all<ChatBegins>()[1].format, std::string("w1a6"));
        for (const ChatSide side : chatSides) {
            std::string streamed;
            for (const ChatWriting& event : all<ChatWriting>())
                streamed += event.side == side ? event.answer.text : "";
            QCOMPARE(streamed, answered[static_cast<std::size_t>(side)].answer.text);
        }
    }

    void equalModelsNeverDiverge() {
        run(settings(quantized_, quantized_));
        const auto answered = all<ChatAnswered>();
        QCOMPARE(answered[0].answer.path, answered[1].answer.path);
        QVERIFY(!firstDifference(answered[0].answer.path, true, answered[1].answer.path, true));
        const Agreement found = all<ChatCompared>().front().agreement;
        QCOMPARE(found.mean(), 0.0);
        QCOMPARE(found.topShare(), 1.0);
    }

    /// Against the definition: both models read prompt and answer token by token.
    void divergenceIsThatOfTheSameText() {
        auto asked = settings(original_, quantized_);
        asked.maxTokens = 150; // more rows than a chunk
        run(asked);
        const Agreement found = all<ChatCompared>().front().agreement;
        const AnswerResult answer = all<ChatAnswered>()[1].answer;
        QVERIFY(answer.tokens > chunkTokens);
        ChatModel& left = *room_->model(ChatSide::original);
        ChatModel& right = *room_->model(ChatSide::quantized);
        const auto prompt = promptTokens(
            *right.tokenizer(), renderPrompt(right.tokenizer()->data(), asked.sides[1]->messages));
        Session a(left.session().model(), 256), b(right.session().model(), 256);
        auto expected = a.feed(prompt), got = b.feed(prompt);
        std::int64_t same = 0;
        for (std::size_t i = 0; i < found.kl.size(); ++i) {
            const RowDivergence row = rowDivergence(expected, got);
            QVERIFY(std::abs(row.kl - static_cast<double>(found.kl[i])) < 1e-4);
            same += row.sameTop ? 1 : 0;
            expected = a.feed({&answer.path[i].id, 1});
            got = b.feed({&answer.path[i].id, 1});
        }
        QCOMPARE(found.sameTop, same);
        QVERIFY(found.mean() > 0.001); // the blocks are random
    }

    void theNextTurnReusesBothCaches() {
        auto asked = settings(original_, quantized_);
        run(asked);
        const auto first = all<ChatAnswered>();
        events_.clear();
        for (std::size_t side = 0; side < 2; ++side) {
            asked.sides[side]->messages.push_back({"assistant", first[side].answer.text});
            asked.sides[side]->messages.push_back({"user", "and then"});
        }
        run(asked);
        for (const ChatAnswered& answered : all<ChatAnswered>())
            QVERIFY(answered.answer.reusedTokens >= first[0].answer.promptTokens - 1);
        // Loaded once: the second turn only says that the model is there.
        for (const ChatLoading& loading : all<ChatLoading>())
            QCOMPARE(loading.share, 0.0);
    }

    void oneAloneIsNotCompared() {
        QCOMPARE(run(settings({}, quantized_)), 1);
        QVERIFY(all<ChatCompared>().empty());
        QVERIFY(room_->model(ChatSide::original) == nullptr);
    }

    void stopWhileLoading() {
        QVERIFY_THROWS_EXCEPTION(Cancelled,
                                 run(settings(original_, quantized_), [&](const ChatEvent& event) {
                                     if (get<ChatLoading>(event))
                                         stop_.request_stop();
                                 }));
        QVERIFY(all<ChatBegins>().empty());
        QVERIFY(room_->model(ChatSide::original) == nullptr);
    }

    void stopWhileReadingThePrompt() {
        beforeRun_ = [&](const Step& step) {
            if (step.tokens.size() > 1)
                stop_.request_stop();
        };
        QCOMPARE(run(settings(original_, quantized_)), 1);
        QCOMPARE(all<ChatAnswered>().front().answer.stop, StopReason::stopped);
        QCOMPARE(all<ChatAnswered>().front().answer.tokens, 0);
    }

    void stopWhileWritingKeepsTheText() {
        QCOMPARE(run(settings(original_, quantized_),
                     [&](const ChatEvent& event) {
                         const auto* writing = get<ChatWriting>(event);
                         if (writing && writing->answer.tokens > 3)
                             stop_.request_stop();
                     }),
                 1);
        QVERIFY(all<ChatAnswered>().front().answer.tokens > 3);
        QVERIFY(all<ChatCompared>().empty());
    }

    void anotherTemplateAndItsErrors() {
        auto asked = settings({}, quantized_);
        asked.otherTemplate = "{{ messages[0].content }}";
        run(asked);
        const std::int64_t plain = all<ChatBegins>().front().promptTokens;
        events_.clear();
        asked.otherTemplate.clear();
        run(asked);
        QVERIFY(plain < all<ChatBegins>().front().promptTokens);
        asked.otherTemplate = "{% for %}";
        QVERIFY_THROWS_EXCEPTION(Error, run(asked));
    }

    void differencesOfPaths() {
        using Path = std::vector<AnswerToken>;
        const Path abc{{1, 1}, {2, 2}, {3, 3}}, ab{{1, 1}, {2, 2}}, axc{{1, 1}, {9, 2}, {3, 3}};
        QCOMPARE(firstDifference(abc, true, axc, true), std::optional<std::size_t>(1));
        QCOMPARE(firstDifference(abc, false, ab, false), std::nullopt);
        QCOMPARE(firstDifference(abc, true, ab, true), std::optional<std::size_t>(2));
        QCOMPARE(firstDifference(abc, true, ab, false), std::nullopt); // ab still goes on
        QCOMPARE(firstDifference(ab, true, abc, false), std::optional<std::size_t>(2));
        QCOMPARE(firstDifference({}, false, abc, true), std::nullopt);
    }

    void missingModelIsNamed() {
        try {
            run(settings(original_, folder_.filePath("nowhere").toStdString()));
            QFAIL("no error");
        } catch (const Error& error) {
            QVERIFY(error.file.find("nowhere") != std::string::npos);
        }
        QCOMPARE(all<ChatAnswered>().size(), 1U); // the original's answer is there
    }
};

QTEST_GUILESS_MAIN(ChatJobTest)
#include "chat_job_test.moc"
