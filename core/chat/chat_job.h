// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/chat/agreement.h"
#include "core/chat/chat_room.h"
#include "core/engine/answer_job.h"
#include "core/text/chat_template.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bwla {

/// What one model is asked.
struct ChatRequest {
    std::string path;                  ///< of the model
    std::vector<ChatMessage> messages; ///< the conversation so far, a message of the user last
};

struct ChatSettings {
    std::array<std::optional<ChatRequest>, chatSides.size()> sides; ///< one or both
    SamplerSettings sampling{};
    std::int64_t maxTokens = 512;
    std::vector<std::string> stopStrings{};
    std::string otherTemplate{}; ///< instead of the models' own, where not empty
    std::string device = automaticDevice;
    int cacheBits = 16;       ///< of keys and values: 16, or 8 for half the memory
    bool deviceAgain = false; ///< tries a device that failed before once more
};

/// The device cannot do it (missing, too little memory, lost); the processor goes on, in the middle
/// of an answer too: what was written stays.
struct ChatFellBack {
    ChatSide side;
    std::string reason;
};

/// A model is being loaded; share in 0..1.
struct ChatLoading {
    ChatSide side;
    double share;
};
/// A model is ready and its answer begins; after ChatFellBack, perhaps in the middle.
struct ChatBegins {
    ChatSide side;
    std::string name, format;
    std::int64_t fileBytes;
    std::int64_t promptTokens;
    BackendInfo backend;
    KernelReport kernels{};
};
struct ChatWriting {
    ChatSide side;
    AnswerEvent answer;
};
/// An answer is complete (or was stopped).
struct ChatAnswered {
    ChatSide side;
    AnswerResult answer;
    std::int64_t memoryBytes; ///< weights and caches of this model
};
/// Both answers are there and are being compared.
struct ChatComparing {};
struct ChatCompared {
    Agreement agreement;
};

using ChatEvent = std::variant<ChatLoading, ChatBegins, ChatWriting, ChatAnswered, ChatComparing,
                               ChatCompared, ChatFellBack>;

/// One prompt to one or both models. They take turns, the original first: each has the machine and
/// its caches to itself, so that tokens a second are what the model does alone. (Token by token in
/// turn, the original's weights would push the quantized model's, small enough to stay in a
/// processor's cache, out of it at every step.) Comparing comes last and counts in nobody's time.
/// A stop during an answer ends it with StopReason::stopped and skips the rest; while a model is
/// being loaded it throws Cancelled. Where a device fails the processor takes over (ChatFellBack),
/// unless its memory cannot hold the model: Error{outOfMemory}.
/// Otherwise throws what ChatRoom::open, fittingPrompt, AnswerJob
/// and agreement() throw. The result is how many answers were given.
class ChatJob : public Job<ChatSettings, ChatEvent, int> {
public:
    explicit ChatJob(std::shared_ptr<ChatRoom> room) : room_(std::move(room)) {}
    int run(const ChatSettings& settings, const Sink<ChatEvent>& sink,
            std::stop_token stop) override;

private:
    struct Turn {
        std::vector<std::int32_t> prompt;
        AnswerResult answer;
    };
    Turn answer(ChatSide side, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                const std::stop_token& stop);
    ChatModel& open(ChatSide side, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                    const std::stop_token& stop);
    /// Throws the error itself where the processor is in use already, and as checkProcessorHolds.
    void fallBack(ChatSide side, const ChatSettings& settings, const KernelError& error,
                  const Sink<ChatEvent>& sink);
    /// What `work` gives, on the processor where the device fails.
    template<class Work>
    auto somewhere(ChatSide side, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                   const Work& work);
    void compare(const Turn& quantized, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                 const std::stop_token& stop);

    std::shared_ptr<ChatRoom> room_;
};

} // namespace bwla
