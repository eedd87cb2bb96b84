// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_controller.h"

#include "core/error_text.h"

namespace bwla::ui {
namespace {

constexpr int repaintHertz = 30;
constexpr int titleLength = 48;
constexpr std::int64_t binSeconds = 7 * 24 * 3600; ///< deleted chats can be had back for a week

MessageSide storedSide(ChatSide side) {
    return side == ChatSide::original ? MessageSide::original : MessageSide::quantized;
}

QString titleOf(const QString& text) {
    const QString line = text.simplified();
    return line.size() <= titleLength ? line : line.left(titleLength - 1).trimmed() + u'…';
}

} // namespace

ChatController::ChatController(Services& services, QObject* parent)
    : QObject(parent), store_(services.store),
      room_(std::make_shared<ChatRoom>(services.newBackend)), bridge_(repaintHertz) {
    store_.recover();
    store_.purge(unixNow() - binSeconds);
    connect(&counter_, &ContextCounter::counted, this, &ChatController::countArrived);
    connect(&bridge_, &JobBridge::runningChanged, this, &ChatController::statusChanged);
}

QString ChatController::modelPath(ChatSide side) const {
    return QString::fromStdString(side == ChatSide::original ? chat_.originalPath
                                                             : chat_.quantizedPath);
}

bool ChatController::takesPart(ChatSide side) const {
    const bool asked = options_.mode == ChatMode::both ||
                       (options_.mode == ChatMode::original) == (side == ChatSide::original);
    return asked && !modelPath(side).isEmpty();
}

const SideStatus& ChatController::status(ChatSide side) const {
    return status_[static_cast<std::size_t>(side)];
}

std::optional<ChatAnswer>& ChatController::answer(ChatSide side) {
    return turns_.back().answers[static_cast<std::size_t>(side)];
}

// The chat in view ---------------------------------------------------------------------------

void ChatController::newChat() {
    if (running())
        return;
    chat_ = {.originalPath = chat_.originalPath, .quantizedPath = chat_.quantizedPath};
    options_.otherTemplate.clear();
    reload();
}

void ChatController::openChat(std::int64_t id) {
    if (running())
        return;
    chat_ = store_.chat(id);
    options_ = optionsFrom(chat_.settings);
    reload();
}

void ChatController::reload() {
    turns_ = turnsOf(store_, chat_);
    status_ = {};
    askCount(count_.draft);
    Q_EMIT chatChanged();
    Q_EMIT statusChanged();
}

/// A chat without a message is not worth a row.
void ChatController::saveChat() {
    chat_.settings = optionsText(options_);
    if (chat_.id != 0)
        store_.saveChat(chat_);
}

void ChatController::setModel(ChatSide side, const QString& path) {
    if (running())
        return;
    (side == ChatSide::original ? chat_.originalPath : chat_.quantizedPath) = path.toStdString();
    saveChat();
    reload();
}

void ChatController::setOptions(const ChatOptions& options) {
    const bool otherView = options.mode != options_.mode;
    options_ = options;
    saveChat();
    askCount(count_.draft);
    if (otherView)
        Q_EMIT chatChanged();
    Q_EMIT statusChanged();
}

// Counting before sending --------------------------------------------------------------------

void ChatController::askCount(const QString& draft) {
    CountRequest request{.models = {}, .draft = draft, .otherTemplate = options_.otherTemplate};
    for (const ChatSide side : chatSides)
        if (takesPart(side))
            request.models.push_back(
                {modelPath(side).toStdString(), messagesFor(side, options_.system, turns_)});
    counter_.ask(std::move(request));
}

void ChatController::setDraft(const QString& text) {
    count_.draft = text;
    askCount(text);
}

void ChatController::countArrived(const ContextCount& count) {
    const QString draft = count_.draft;
    count_ = count;
    const bool current = pending_ && *pending_ == count.draft;
    if (!current && draft != count.draft)
        count_.draft = draft; // an older text; the next count is on its way
    Q_EMIT contextCounted();
    if (!current)
        return;
    const QString text = *std::exchange(pending_, std::nullopt);
    if (!count.error.isEmpty()) {
        Q_EMIT failed(count.error);
        return;
    }
    if (count.capacity == 0 || count.excess() > 0)
        return; // the page offers choices
    guarded([this, text] {
        add(text, chat_.leaf);
        Q_EMIT sent();
    });
}

void ChatController::send(const QString& text) {
    const bool somebody = takesPart(ChatSide::original) || takesPart(ChatSide::quantized);
    if (running() || text.trimmed().isEmpty() || !somebody)
        return;
    pending_ = count_.draft = text;
    askCount(text);
}

// Answers ------------------------------------------------------------------------------------

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
    turns_ = turnsOf(store_, chat_);
    const std::int64_t question = turns_.back().id;
    turns_.back().answers = {};
    ChatSettings settings{.sides = {},
                          .sampling = options_.sampling,
                          .maxTokens = options_.maxTokens,
                          .stopStrings = options_.stopStrings,
                          .otherTemplate = options_.otherTemplate};
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
    turns_ = turnsOf(store_, chat_);
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
    SideStatus& status = statusOf(event.side);
    status = {.phase = SidePhase::reading, .promptTokens = event.promptTokens};
    AnswerStats& stats = answer(event.side)->stats;
    stats.model = event.name;
    stats.format = event.format;
    stats.fileBytes = event.fileBytes;
    stats.seed = options_.sampling.seed;
    stats.promptTokens = event.promptTokens;
    stats.device = event.backend.device;
    QString device = QString::fromStdString(event.backend.device);
    device += " · " + QString::fromStdString(event.backend.variant);
    Q_EMIT deviceInUse(device);
    Q_EMIT answerBegins(event.side);
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
        bridge_.stop();
        Q_EMIT failed(QString::fromStdString(sentence(error)));
    }
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

// Versions -----------------------------------------------------------------------------------

void ChatController::regenerate(std::size_t turn) {
    if (running() || turn >= turns_.size())
        return;
    guarded([this, turn] {
        chat_.leaf = turns_[turn].id;
        store_.setLeaf(chat_.id, chat_.leaf);
        answerLast();
    });
}

void ChatController::edit(std::size_t turn, const QString& text) {
    if (!running() && turn < turns_.size() && !text.trimmed().isEmpty())
        guarded([this, turn, text] { add(text, turns_[turn].parent); });
}

void ChatController::branch(std::size_t turn) {
    if (running() || turn >= turns_.size() || turns_[turn].round == 0)
        return;
    chat_.leaf = turns_[turn].round;
    store_.setLeaf(chat_.id, chat_.leaf);
    reload();
}

void ChatController::showVersion(std::size_t turn, bool ofAnswer, int step) {
    if (running() || turn >= turns_.size())
        return;
    const std::int64_t shown = ofAnswer ? turns_[turn].round : turns_[turn].id;
    const VersionOf at = ofAnswer ? turns_[turn].answerVersion : turns_[turn].version;
    const int wanted = at.index - 1 + step;
    if (shown == 0 || wanted < 0 || wanted >= at.count)
        return;
    const auto versions = store_.versions(shown);
    chat_.leaf = store_.newestLeaf(versions[static_cast<std::size_t>(wanted)]);
    store_.setLeaf(chat_.id, chat_.leaf);
    reload();
}

void ChatController::removeTurn(std::size_t turn) {
    if (running() || turn >= turns_.size())
        return;
    guarded([this, turn] {
        store_.removeMessage(turns_[turn].id);
        removed_ = turns_[turn].id;
        chat_ = store_.chat(chat_.id);
        reload();
        Q_EMIT turnRemoved();
    });
}

void ChatController::undoRemove() {
    if (removed_ == 0 || running())
        return;
    store_.restoreMessage(std::exchange(removed_, 0));
    chat_ = store_.chat(chat_.id);
    reload();
}

void ChatController::dropOldest() {
    if (running())
        return;
    for (std::size_t i = 0; i < turns_.size(); ++i)
        if (turns_[i].read) {
            // Ids grow along a branch, so a turn after this one is read, this one is not.
            chat_.contextFrom = i + 1 < turns_.size() ? turns_[i + 1].id : turns_[i].id + 1;
            saveChat();
            reload();
            return;
        }
}

} // namespace bwla::ui
