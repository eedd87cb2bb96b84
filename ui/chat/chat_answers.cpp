// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking the models, and what becomes of their answers.
#include "core/error_text.h"
#include "ui/chat/chat_controller.h"

namespace bwla::ui {
namespace {

constexpr int titleLength = 48;

MessageSide storedSide(ChatSide side) {
    return side == ChatSide::original ? MessageSide::original : MessageSide::quantized;
}

QString titleOf(const QString& text) {
    const QString line = text.simplified();
    return line.size() <= titleLength ? line : line.left(titleLength - 1).trimmed() + u'…';
}

} // namespace

void ChatController::guarded(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(sentence(error)));
    }
}

void ChatController::add(const QString& text, std::int64_t parent) {
    if (chat_.id == 0) {
        chat_.title = titleOf(text).toStdString();
        chat_.settings = optionsText(options_);
        chat_.id = store_.addChat(chat_);
    }
    chat_.leaf =
        store_.addMessage({.chat = chat_.id, .parent = parent, .text = text.toStdString()});
    answerLast();
}

/// Adds a round of empty answers to the last turn and starts the models on it.
void ChatController::answerLast() {
    readTurns();
    const std::int64_t question = turns_.back().id;
    turns_.back().answers = {};
    ChatSettings settings{.sides = {},
                          .sampling = options_.sampling,
                          .maxTokens = options_.maxTokens,
                          .stopStrings = options_.stopStrings,
                          .otherTemplate = options_.otherTemplate,
                          .device = device(),
                          .cacheBits = cacheBits(),
                          .deviceAgain = std::exchange(deviceAgain_, false)};
    std::int64_t round = 0;
    for (const ChatSide side : chatSides) {
        if (!takesPart(side))
            continue;
        settings.sides[static_cast<std::size_t>(side)] =
            ChatRequest{modelPath(side).toStdString(), messagesFor(side, options_.system, turns_)};
        const std::int64_t id = store_.addMessage({.chat = chat_.id,
                                                   .parent = question,
                                                   .round = round,
                                                   .role = MessageRole::assistant,
                                                   .side = storedSide(side),
                                                   .state = MessageState::streaming});
        round = round == 0 ? id : round;
    }
    chat_ = store_.chat(chat_.id);
    readTurns();
    status_ = {};
    for (const ChatSide side : chatSides)
        if (settings.sides[static_cast<std::size_t>(side)])
            statusOf(side).phase = SidePhase::waiting;
    Q_EMIT historyChanged();
    Q_EMIT chatChanged();
    bridge_.start<ChatSettings, ChatEvent, int, ChatEvent>(
        std::make_shared<ChatJob>(room_), std::move(settings),
        [](const ChatEvent& event) { return event; },
        [this](std::vector<ChatEvent> events) { apply(std::move(events)); },
        [this](const Outcome<int>& outcome) { finish(outcome); });
}

void ChatController::apply(std::vector<ChatEvent> events) {
    std::array<bool, chatSides.size()> written{};
    for (const ChatEvent& event : events) {
        std::visit([this](const auto& one) { apply(one); }, event);
        if (const auto* writing = std::get_if<ChatWriting>(&event))
            written[static_cast<std::size_t>(writing->side)] = true;
    }
    for (const ChatSide side : chatSides)
        if (written[static_cast<std::size_t>(side)]) {
            save(side);
            Q_EMIT answerChanged(side);
        }
    Q_EMIT statusChanged();
}

void ChatController::apply(const ChatLoading& event) {
    statusOf(event.side).phase = SidePhase::loading;
    statusOf(event.side).loaded = event.share;
}

void ChatController::apply(const ChatBegins& event) {
    loaded_[static_cast<std::size_t>(event.side)] = modelPath(event.side).toStdString();
    SideStatus& status = statusOf(event.side);
    status = {.phase = SidePhase::reading, .promptTokens = event.promptTokens};
    AnswerStats& stats = answer(event.side)->stats;
    stats.model = event.name;
    stats.format = event.format;
    stats.fileBytes = event.fileBytes;
    stats.seed = options_.sampling.seed;
    stats.promptTokens = event.promptTokens;
    stats.device = event.backend.device;
    kernels_ = event.kernels;
    running_ = tr("%1 · %2 · %3")
                   .arg(QString::fromStdString(event.backend.device),
                        event.backend.backend == "vulkan" ? tr("Vulkan") : tr("processor"),
                        QString::fromStdString(event.backend.variant));
    Q_EMIT deviceInUse(running_);
    if (stats.path.empty()) // else it goes on where a device failed
        Q_EMIT answerBegins(event.side);
}

/// What the device wrote so far stays.
void ChatController::apply(const ChatFellBack& event) {
    loaded_ = {};
    if (answer(event.side)->state == MessageState::streaming)
        statusOf(event.side).phase = SidePhase::loading;
    Q_EMIT deviceFailed(QString::fromStdString(event.reason));
}

void ChatController::apply(const ChatWriting& event) {
    SideStatus& status = statusOf(event.side);
    const AnswerEvent& said = event.answer;
    status.promptRead = said.promptRead;
    ChatAnswer& answer = *this->answer(event.side);
    answer.text += said.text;
    answer.stats.path.insert(answer.stats.path.end(), said.added.begin(), said.added.end());
    if (said.tokens > 0)
        status.phase = SidePhase::writing;
    if (said.decodeSeconds > 0)
        status.decodeSpeed = static_cast<double>(said.decodeSteps) / said.decodeSeconds;
    Q_EMIT speedMeasured(event.side, said.seconds, status.decodeSpeed);
}

void ChatController::apply(const ChatAnswered& event) {
    ChatAnswer& answer = *this->answer(event.side);
    const AnswerResult& result = event.answer;
    answer.text = result.text;
    answer.state = result.stop == StopReason::stopped ? MessageState::stopped : MessageState::done;
    AnswerStats& stats = answer.stats;
    stats.path = result.path;
    stats.promptTokens = result.promptTokens;
    stats.reusedTokens = result.reusedTokens;
    stats.promptSpeed = result.promptSpeed();
    stats.decodeSpeed = result.decodeSpeed();
    stats.firstTokenSeconds = result.firstTokenSeconds;
    stats.stop = stopReasonName(result.stop);
    stats.memoryBytes = event.memoryBytes;
    statusOf(event.side) = {};
    save(event.side);
    Q_EMIT answerChanged(event.side);
}

void ChatController::apply(const ChatComparing&) {
    statusOf(ChatSide::quantized).phase = SidePhase::comparing;
}

void ChatController::apply(const ChatCompared& event) {
    answer(ChatSide::quantized)->stats.agreement = event.agreement;
    save(ChatSide::quantized);
    Q_EMIT answerChanged(ChatSide::quantized);
}

void ChatController::save(ChatSide side) {
    const ChatAnswer& one = *answer(side);
    // Numbers of an unfinished answer would only be written to be replaced.
    const bool unfinished = one.state == MessageState::streaming;
    try {
        store_.saveMessage(one.id, one.text, one.state,
                           unfinished ? std::string() : statsText(one.stats));
    } catch (const Error& error) { // a full disk: no answer that would not be kept
        unsaved_ = true;
        bridge_.stop();
        Q_EMIT failed(tr("The answer could not be saved; it stays in view, and is saved before the "
                         "next step. %1")
                          .arg(QString::fromStdString(sentence(error))));
    }
}

bool ChatController::saveLeft() {
    if (!std::exchange(unsaved_, false))
        return true;
    for (const ChatSide side : chatSides)
        if (answer(side))
            save(side);
    return !unsaved_;
}

void ChatController::finish(const Outcome<int>& outcome) {
    using State = Outcome<int>::State;
    const bool wrong = outcome.state == State::failed;
    const std::string reason = wrong ? sentence(*outcome.error) : std::string();
    for (const ChatSide side : chatSides) {
        statusOf(side) = {};
        if (auto& left = answer(side); left && left->state == MessageState::streaming) {
            left->state = wrong ? MessageState::failed : MessageState::stopped;
            left->stats.error = reason;
            save(side);
        }
    }
    askCount(count_.draft);
    Q_EMIT chatChanged();
    Q_EMIT historyChanged();
    if (wrong)
        Q_EMIT failed(QString::fromStdString(reason));
}

void ChatController::stop() {
    pending_.reset();
    bridge_.stop();
}

} // namespace bwla::ui
