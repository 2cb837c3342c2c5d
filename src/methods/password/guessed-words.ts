/**
 * Words and key walks that people choose as passwords, or as parts of them, before anything else.
 *
 * Written for this project from general knowledge and part of it under its licence; no leaked or
 * published list was copied. The rules in password-rules.ts combine them, so that a few hundred
 * words stand for many thousands of passwords: capitals, digits, years and marks around a word,
 * `4` for `a`, two words in a row, a word said twice.
 */

const lists = {
  passwords: `
    password passwort passwords passw pass passwd passcode motdepasse contrasena senha wachtwoord
    secret geheim secure security private access login logon signin letmein letme openup open
    sesame welcome willkommen bienvenue bienvenido hello hallo hola admin administrator root user
    username guest test testing tester temp temporary default changeme change changeit change
    changeme1 master superuser super system manager oracle cisco server service support demo sample
    example public unknown nothing whatever anything something everything nobody somebody trustno
    trustno1 iloveyou iloveu loveyou loveme lovelove ilove iamthe ihateyou fuckyou fuckoff fuckme
    asshole bullshit biteme suckit whatthe idontknow dontknow forgot forget remember letmeinnow
    keyboard computer internet windows linux ubuntu debian apple android google facebook twitter
    youtube amazon netflix yahoo hotmail gmail microsoft samsung nokia sony xbox playstation nintendo
    wifi router modem network mobile phone telephone office company business work account database
    mysql postgres backup monitor console gateway qwerty qwertz azerty asdf zxcv qazwsx wsxedc
    edcrfv rfvtgb tgbyhn zaq xsw cde qaz wsx edc q1w2e3r4 q1w2e3 1q2w3e4r 1q2w3e 1qaz 2wsx 3edc 4rfv
    zaq1 xsw2 abcd abc abc123 a1b2c3 a1b2c3d4 aa11 asd qwe zxc poi lkj mnb iop jkl bnm qweasd
    qweasdzxc asdzxc qwaszx zxasqw pokemon pikachu minecraft fortnite roblox warcraft starcraft
    counter strike halo zelda mario sonic tetris gamer gaming player games hacker hacked matrix neo
    morpheus trinity`,
  affection: `
    love lover lovely loving lovers forever always together heart hearts darling honey sweet sweetie
    sweetheart sweety baby babe babyboy babygirl babydoll bestfriend friend friends friendship family
    mother father mommy daddy mama papa mom dad brother sister son daughter grandma grandpa wife
    husband boyfriend girlfriend angel angels angela princess prince queen king kings lady sexy sexyboy
    sexygirl beautiful beauty pretty cute cutie handsome gorgeous happy happiness smile smiles smiley
    laugh funny crazy lucky luckyboy luckyone blessed bless believe faith hope dream dreams dreamer
    jesus christ jesuschrist god godislove heaven hello kitty hellokitty hugs kisses kissme kiss love
    cherish passion desire romance romeo juliet cupid valentine teddy teddybear teamo tequiero mylove
    myfamily mybaby mylife lifeis life peace freedom liberty justice power energy magic magical
    miracle wonder wonderful amazing awesome perfect special forgiven spirit soul destiny fortune
    eternity infinity paradise memory sunshine moonlight starlight midnight rainbow butterfly`,
  living: `
    dragon monkey tiger lion eagle falcon hawk wolf wolves bear bears panda horse horses pony dog dogs
    doggy puppy cat cats kitty kitten bunny rabbit mouse rat snake python cobra viper spider scorpion
    shark whale dolphin dolphins fish fishing salmon turtle frog froggy lizard gecko duck chicken
    rooster turkey penguin parrot raven crow phoenix unicorn pegasus elephant giraffe zebra gorilla
    cheetah leopard panther jaguar cougar puma lynx fox foxy coyote badger beaver otter squirrel
    hamster ferret buffalo bull bulldog rottweiler poodle beagle boxer husky pitbull shadow smokey
    buddy buster max molly daisy lucy rocky bailey tigger snoopy scooby garfield simba nala bambi
    mickey minnie donald goofy pluto dumbo nemo shrek bigdog hotdog ladybug bumblebee honeybee bee
    flower flowers rose roses lily violet jasmine orchid sunflower tulip cherry apple apples banana
    orange lemon peach strawberry blueberry grape mango coconut pepper ginger cinnamon vanilla
    chocolate cookie cookies candy sugar cupcake pumpkin potato tomato cheese butter bacon pizza
    burger coffee whisky whiskey vodka tequila brandy budweiser heineken guinness corona cocacola
    pepsi tree forest mountain river ocean water fire earth wind storm thunder lightning snow winter
    spring summer autumn fall sun moon star stars sky cloud rain`,
  names: `
    michael michelle jennifer jessica ashley amanda daniel daniela danielle jordan joshua matthew
    andrew anthony christopher christian christina christine nicholas nicole robert roberto thomas
    charles charlie charlotte george william david james jason justin brandon brian bryan kevin steven
    stephen stephanie samantha sam samuel alexander alexandra alexandre alexis alex benjamin ben
    jonathan john johnny joseph joe jack jackson jacob jake patrick peter paul paula mark marcus maria
    marie martin martina martinez mary margaret maggie melissa natasha natalie natalia olivia sophia
    sophie sarah sara rachel rebecca elizabeth emily emma hannah heather isabella isabel amber amy
    andrea andreas anna annie antonio arthur austin barbara bella bonnie brenda brittany bruce cameron
    carlos carmen carolina caroline catherine chelsea chris claudia crystal cynthia dennis diana diego
    dominic donna douglas eddie edward elena eric erica erika eugene fernando francis francisco frank
    franklin fred freddy gabriel gabriela gary gemma gerald gordon grace greg gregory harley harold
    harry helen henry howard hunter ian jackie jamie jane janet jasmin jean jeff jeffrey jenny jeremy
    jerome jerry jesse jim jimmy joanna johanna jorge jose juan judith julia julian juliana julie karen
    karina katherine kathleen katie keith kelly kenneth kim kimberly kristen kristina kyle larry
    laura lauren leonardo leslie linda lisa logan louis louise lucas luis madison manuel marcel
    margarita mariana marina mario martha marvin mason max melanie mercedes miguel miranda mitchell
    monica morgan nancy nathan nelson oliver oscar pamela patricia pedro philip phillip rafael ralph
    raymond ricardo richard ricky rodrigo roger ronald ronaldo rosemary russell ruth ryan sabrina
    sandra santiago scott sean sebastian sergey sergio sharon shannon sheila simon spencer stanley
    stella steve stewart stuart susan suzanne sylvia tamara tanya taylor teresa theresa tiffany timothy
    tony travis trevor tyler valentina valeria vanessa veronica victor victoria vincent virginia walter
    wendy wesley xavier zachary`,
  places: `
    america american england english london paris berlin germany deutschland france francia italia
    italy spain espana portugal brasil brazil mexico canada australia africa southafrica china japan
    tokyo russia moscow moskva india indian pakistan turkey istanbul greece poland polska holland
    amsterdam sweden norway denmark finland ireland irish scotland wales newyork california
    losangeles hollywood texas dallas houston chicago boston florida miami orlando denver colorado
    detroit philadelphia atlanta georgia seattle portland phoenix arizona vegas lasvegas hawaii alaska
    montana jamaica cuba havana argentina colombia chile peru madrid barcelona milano roma napoli
    liverpool manchester chelsea arsenal everton tottenham rangers celtic newcastle westham leeds
    juventus realmadrid bayern borussia benfica galatasaray fenerbahce besiktas`,
  play: `
    football soccer baseball basketball hockey tennis golf golfer cricket rugby volleyball softball
    swimming surfing surfer skate skater skateboard snowboard skiing running runner racing racer
    cycling boxing wrestling karate judo yankees cowboys cowboy steelers packers patriots broncos
    raiders eagles redsox lakers bulls celtics knicks warriors warrior heat dodgers giants mets cubs
    braves cardinals redskins dolphins chargers bengals browns vikings saints panthers falcons jets
    colts texans titans seahawks niners canucks maple leafs penguins flyers bruins redwings ferrari
    porsche mercedes bmw audi toyota honda yamaha suzuki kawasaki ducati harley davidson mustang
    camaro corvette chevy chevrolet ford dodge viper nissan skyline subaru mazda volvo lamborghini
    maserati bentley jaguar turbo nascar formula michaeljordan jordan23 kobe ronaldo messi neymar
    beckham champion winner player captain batman superman spiderman ironman wolverine hulk thor
    avengers xmen joker robin catwoman starwars skywalker vader darthvader yoda jedi luke anakin solo
    startrek enterprise spock gandalf frodo hobbit legolas aragorn harrypotter potter hermione
    dumbledore hogwarts voldemort naruto sasuke sakura goku vegeta dragonball onepiece luffy bleach
    ichigo digimon sailor metallica nirvana slipknot korn linkin park linkinpark greenday blink
    blink182 eminem rapper tupac biggie beatles elvis presley madonna michaeljackson rihanna
    beyonce britney shakira bieber justinbieber gaga onedirection zeppelin ledzeppelin pinkfloyd floyd
    acdc ironmaiden slayer megadeth pantera rammstein ramones sexpistols rolling stones guitar guitars
    drums drummer piano violin music musica musical rock rocker rockstar rocknroll punk metal hiphop
    jazz blues disco techno dance dancer dancing party singer concert`,
  things: `
    black blue red green white yellow purple pink silver golden gold brown gray grey blackcat redhead
    bluesky blueeyes diamond crystal ruby emerald sapphire pearl jewel money dollar euro cash rich
    million millionaire billion bitcoin hunter killer assassin sniper soldier army marine marines navy
    airforce police fireman doctor nurse teacher student school college university pilot captain
    pirate pirates ninja samurai knight knights wizard witch vampire zombie ghost demon devil satan
    lucifer diablo hell death dead skull evil darkness dark darkside blood bloody danger dangerous
    extreme ultimate legend legends hero heroes rebel outlaw gangster gangsta mafia thug player pimp
    boss bigboss chief general colonel sergeant major president emperor napoleon caesar spartan
    gladiator titan atlantis olympus zeus apollo athena artemis ares hades poseidon hercules achilles
    january february march april june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday today tomorrow yesterday birthday christmas easter
    halloween holiday vacation weekend morning evening night nights number one two three four five six
    seven eight nine ten eleven twelve first second third hundred thousand zero alpha beta gamma delta
    omega sigma epsilon bravo foxtrot tango yankee zulu rocket space galaxy universe planet jupiter
    saturn mercury venus neptune pluto mars comet orion cosmos nova eclipse lunar solar titanic
    sweetpea muffin peanut peanuts pickle noodle bubbles bubba blaster nugget chicken booboo boomer
    bonkers doodle fluffy precious spanky sparky spike rusty dusty misty casper marley jasper chester
    felix oreo pebbles patches gizmo pepper snickers twinkle tinkerbell barbie gummybear winnie pooh
    winniethepooh stupid idiot loser moron dumbass bitch bastard pussy dick cock penis boobs
    tits shit fuck fucker motherfucker damn crap sex porn naked horny
    playboy hustler hooters hotstuff hottie`,
} as const;

/** All of them, lower case, each once. */
export const guessedWords: ReadonlySet<string> = new Set(
  Object.values(lists).flatMap((list) => list.trim().split(/\s+/)),
);

/** Rows and columns of keyboards, alphabet and digits: pieces of them are walks. */
export const keyWalks: readonly string[] = [
  '1234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'qsdfghjklm',
  'zxcvbnm',
  'yxcvbnm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  'zaqxswcdevfrbgtnhymjukilop',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '12qw34er56ty78ui90op',
  '1qa2ws3ed4rf5tg6yh7uj8ik9ol',
  '1qazxsw23edcvfr45tgbnhy6',
  '1z2x3c4v5b6n7m',
  '1a2b3c4d5e6f7g8h9i0j',
  'a1b2c3d4e5f6g7h8i9j0',
  'a1s2d3f4g5h6j7k8l9',
  '1a2s3d4f5g6h7j8k9l',
  'z1x2c3v4b5n6m7',
  'qweasdzxc',
  'qweasdrtyfgh',
  '!@#$%^&*()',
  '!"§$%&/()=',
];

/** Digits that follow a pattern: on the number pad, in pairs, in famous rows. */
export const numberSequences: readonly string[] = [
  '0102030405060708091011121314',
  '1020304050607080901000',
  '11223344556677889900',
  '1213141516171819202122',
  '1324354657687980',
  '142536475869',
  '111222333444555666777888999',
  '1029384756',
  '1123581321345589',
  '4815162342',
  '13579',
  '1357924680',
  '2468013579',
  '147258369',
  '14789632',
  '159753',
  '741852963',
  '789456123',
  '123654789',
];
