// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/channel_card.h"
#include "ui/inspect/inspect_page.h"
#include "ui/inspect/layer_panel.h"
#include "ui/inspect/timeline_card.h"

#include <QKeyEvent>
#include <QShortcut>
#include <QTreeView>

namespace bwla::ui {

void InspectPage::addKeys() {
    const auto key = [this](const QKeySequence& keys, auto&& action) {
        connect(new QShortcut(keys, this, nullptr, nullptr, Qt::WidgetWithChildrenShortcut),
                &QShortcut::activated, this, action);
    };
    key(Qt::ALT | Qt::Key_Left, [this] { channel_->choose(channel_->channel() - 1); });
    key(Qt::ALT | Qt::Key_Right, [this] { channel_->choose(channel_->channel() + 1); });
    key(Qt::ALT | Qt::Key_Up, [this] { layers_->step(-1); });
    key(Qt::ALT | Qt::Key_Down, [this] { layers_->step(1); });
    key(QKeySequence::Find, [this] { layers_->search(); });
    // Views take letters for themselves.
    layers_->tree()->installEventFilter(this);
}

QList<std::pair<QString, QString>> InspectPage::keys() const {
    return {{tr("Alt+Up / Alt+Down"), tr("Layer before or after")},
            {tr("Alt+Left / Alt+Right"), tr("Channel before or after")},
            {tr("Page Up / Page Down"), tr("64 channels")},
            {tr("W"), tr("Channel with the largest error")},
            {tr("[ and ]"), tr("Round of the fit before or after")},
            {tr("P"), tr("Play the rounds")},
            {tr("U"), tr("Weights, or units of the row's two levels")},
            {tr("M"), tr("Next metric of the map")},
            {tr("I"), tr("Pin the layer in view, to compare others with it")},
            {tr("B"), tr("Back to the pinned layer")},
            {tr("X"), tr("Expand all blocks")},
            {tr("Ctrl+F"), tr("Find a layer")},
            {tr("In a plot"), tr("Left, Right, Home, End: cursor; Up, Down: curve; + − 0: zoom; T: "
                                 "table; E: export; Ctrl+C: copy the value")}};
}

bool InspectPage::letter(int key) {
    switch (key) {
    case Qt::Key_W:
        goToWorst();
        return true;
    case Qt::Key_BracketLeft:
        timeline_->step(-1);
        return true;
    case Qt::Key_BracketRight:
        timeline_->step(1);
        return true;
    case Qt::Key_P:
        timeline_->togglePlay();
        return true;
    case Qt::Key_U:
        channel_->toggleUnits();
        return true;
    case Qt::Key_M:
        layers_->nextMetric();
        return true;
    case Qt::Key_X:
        layers_->expandAll();
        return true;
    case Qt::Key_I:
        layers_->togglePin();
        return true;
    case Qt::Key_B:
        layers_->goToPinned();
        return true;
    case Qt::Key_PageUp:
        channel_->choose(channel_->channel() - 64);
        return true;
    case Qt::Key_PageDown:
        channel_->choose(channel_->channel() + 64);
        return true;
    default:
        return false;
    }
}

void InspectPage::keyPressEvent(QKeyEvent* event) {
    if (event->modifiers() != Qt::NoModifier || !open_ || !letter(event->key()))
        Page::keyPressEvent(event);
}

bool InspectPage::eventFilter(QObject* watched, QEvent* event) {
    if (watched == layers_->tree() && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool page = key->key() == Qt::Key_PageUp || key->key() == Qt::Key_PageDown;
        if (key->modifiers() == Qt::NoModifier && !page && letter(key->key()))
            return true;
    }
    return Page::eventFilter(watched, event);
}

} // namespace bwla::ui
