// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_controller.h"

#include "core/store/settings_store.h"

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int repaintHertz = 30;
constexpr auto deviceKey = "engine.device", deviceNameKey = "engine.device_name",
               cacheBitsKey = "engine.cache_bits";
constexpr std::int64_t binSeconds = 7 * 24 * 3600; ///< deleted chats can be had back for a week

} // namespace

ChatController::ChatController(Services& services, QObject* parent)
    : QObject(parent), services_(services), store_(services.store),
      room_(std::make_shared<ChatRoom>(services.newBackend)), bridge_(repaintHertz) {
    services.keep([this] {
        store_.recover();
        store_.purge(unixNow() - binSeconds);
    });
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
    if (running() || !saveLeft())
        return;
    chat_ = {.originalPath = chat_.originalPath, .quantizedPath = chat_.quantizedPath};
    options_.otherTemplate.clear();
    reload();
}

void ChatController::openChat(std::int64_t id) {
    if (running() || !saveLeft())
        return;
    guarded([this, id] {
        chat_ = store_.chat(id);
        options_ = optionsFrom(chat_.settings);
        reload();
    });
}

void ChatController::readTurns() {
    turns_ = turnsOf(store_, chat_);
    if (turnsBefore().size() == turns_.size())
        edited_ = 0; // it is out of view
}

std::span<const ChatTurn> ChatController::turnsBefore() const {
    const auto edited = std::ranges::find(turns_, edited_, &ChatTurn::id);
    return {turns_.begin(), edited};
}

void ChatController::reload() {
    readTurns();
    status_ = {};
    askCount(count_.draft);
    Q_EMIT chatChanged();
    Q_EMIT statusChanged();
}

/// A chat without a message is not worth a row.
void ChatController::saveChat() {
    chat_.settings = optionsText(options_);
    if (chat_.id != 0)
        guarded([this] { store_.saveChat(chat_); });
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

// Where they compute --------------------------------------------------------------------------

std::string ChatController::device() const {
    return SettingsStore(services_.store).get(deviceKey, automaticDevice);
}

QString ChatController::deviceName() const {
    return QString::fromStdString(SettingsStore(services_.store).get(deviceNameKey, ""));
}

void ChatController::setDevice(const std::string& id, const QString& name) {
    guarded([&] {
        SettingsStore settings(services_.store);
        settings.set(deviceKey, id);
        settings.set(deviceNameKey, name.toStdString());
    });
    loaded_ = {};
    deviceAgain_ = true; // chosen by hand: also where it failed before
}

int ChatController::cacheBits() const {
    return SettingsStore(services_.store).get(cacheBitsKey, "16") == "8" ? 8 : 16;
}

void ChatController::setCacheBits(int bits) {
    guarded([&] { SettingsStore(services_.store).set(cacheBitsKey, std::to_string(bits)); });
    loaded_ = {};
}

MemoryNeed ChatController::memoryNeed() const {
    MemoryNeed need{.available = services_.availableMemory()};
    if (memoryOf_ && memoryOf_->freeMemory > 0) {
        need.available = static_cast<double>(memoryOf_->freeMemory);
        need.device = QString::fromStdString(memoryOf_->name);
    }
    for (const ModelMemory& model : count_.memory)
        if (std::ranges::find(loaded_, model.path) == loaded_.end())
            need.needed +=
                static_cast<double>(cacheBits() == 8 ? model.bytesWithByteCache : model.bytes);
    return need;
}

// Counting before sending --------------------------------------------------------------------

void ChatController::askCount(const QString& draft) {
    CountRequest request{.models = {}, .draft = draft, .otherTemplate = options_.otherTemplate};
    for (const ChatSide side : chatSides)
        if (takesPart(side))
            request.models.push_back(
                {modelPath(side).toStdString(), messagesFor(side, options_.system, turnsBefore())});
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
    if (count.use.capacity == 0 || count.use.excess() > 0)
        return; // the page offers choices
    if (!saveLeft())
        return;
    guarded([this, text] {
        add(text, editing() ? turns_[turnsBefore().size()].parent : chat_.leaf);
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

// Versions -----------------------------------------------------------------------------------

void ChatController::regenerate(std::size_t turn) {
    if (running() || turn >= turns_.size() || !saveLeft())
        return;
    guarded([this, turn] {
        chat_.leaf = turns_[turn].id;
        store_.setLeaf(chat_.id, chat_.leaf);
        answerLast();
    });
}

void ChatController::setEdited(std::optional<std::size_t> turn) {
    edited_ = turn && *turn < turns_.size() ? turns_[*turn].id : 0;
    pending_.reset();
    askCount(count_.draft);
}

/// Another branch, ending in message `leaf`, comes into view.
void ChatController::goTo(std::int64_t leaf) {
    if (!saveLeft())
        return;
    guarded([this, leaf] {
        store_.setLeaf(chat_.id, leaf);
        chat_.leaf = leaf;
        reload();
    });
}

void ChatController::branch(std::size_t turn) {
    if (running() || turn >= turns_.size() || turns_[turn].round == 0)
        return;
    goTo(turns_[turn].round);
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
    goTo(store_.newestLeaf(versions[static_cast<std::size_t>(wanted)]));
}

void ChatController::removeTurn(std::size_t turn) {
    if (running() || turn >= turns_.size() || !saveLeft())
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
    guarded([this] {
        store_.restoreMessage(removed_);
        removed_ = 0;
        chat_ = store_.chat(chat_.id);
        reload();
    });
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
