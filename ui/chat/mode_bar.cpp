// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/mode_bar.h"

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QPushButton>

#include <array>

namespace bwla::ui {
namespace {

/// In the order of ChatMode.
std::array<QString, 3> modeNames(bool compact) {
    if (compact)
        return {ModeBar::tr("Both"), ModeBar::tr("Quantized"), ModeBar::tr("Original")};
    return {ModeBar::tr("Side by side"), ModeBar::tr("Quantized only"),
            ModeBar::tr("Original only")};
}

} // namespace

ModeBar::ModeBar(Theme& theme, QWidget* parent)
    : QWidget(parent), buttons_(new QButtonGroup(this)), words_(new QWidget) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    const auto names = modeNames(false);
    const std::array<const char*, 3> places{"left", "middle", "right"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto* button = new QPushButton(names[i]);
        button->setAccessibleName(names[i]);
        button->setCheckable(true);
        button->setProperty("segment", places[i]);
        button->setToolTip(tr("Who answers the next message"));
        buttons_->addButton(button, static_cast<int>(i));
        row->addWidget(button);
    }
    connect(buttons_, &QButtonGroup::idClicked, this,
            [this](int id) { Q_EMIT modeChosen(static_cast<ChatMode>(id)); });
    row->addWidget(words_);
    auto* beside = new QHBoxLayout(words_);
    beside->setContentsMargins(24, 0, 0, 0);
    auto* link = new QLabel;
    const auto draw = [&theme, link] { link->setPixmap(theme.icon("link").pixmap(16, 16)); };
    connect(&theme, &Theme::changed, link, draw);
    draw();
    beside->addWidget(link);
    beside->setSpacing(8);
    auto* same = label(tr("Same prompt, same seed"), "secondary");
    same->setToolTip(tr("Both models get the same messages of yours, settings and seed. They take "
                        "turns, the original first."));
    beside->addWidget(same);
}

void ModeBar::setMode(ChatMode mode) {
    buttons_->button(static_cast<int>(mode))->setChecked(true);
}

void ModeBar::setCompact(bool compact) {
    words_->setVisible(!compact);
    const auto names = modeNames(compact);
    for (std::size_t i = 0; i < names.size(); ++i)
        buttons_->button(static_cast<int>(i))->setText(names[i]);
}

void ModeBar::setLocked(bool locked) {
    for (QAbstractButton* button : buttons_->buttons())
        button->setEnabled(!locked);
}

} // namespace bwla::ui
