/**
 * Figures of the test vectors published with the Rust library snow: every pattern of 25519, ChaChaPoly, SHA256 that
 * they contain, with several pre-shared keys too. A transcript is given by the SHA-256 of its ciphertexts, one behind
 * the other, which only the exact bytes can have.
 */
export interface SnowVector {
  readonly pattern: string;
  /** Ephemeral and static secrets, hexadecimal; empty for none. */
  readonly initiator: readonly [ephemeral: string, secret: string];
  readonly responder: readonly [ephemeral: string, secret: string];
  readonly preSharedKeys: readonly string[];
  readonly payloads: readonly string[];
  readonly transcript: string;
}

/** The prologue of all. */
export const SNOW_PROLOGUE =
  "5468657265206973206e6f20726967687420616e642077726f6e672e2054686572652773206f6e6c792066756e20616e6420626f72696e672e";

/** The vectors. */
export const SNOW: readonly SnowVector[] = [
  {
    pattern: "N",
    initiator: [
      "e59ba4f0ffa28a7f95e5babf7d0c0dc91c68a5f67fbf6523dd6dbcb1e07a05c5",
      "",
    ],
    responder: [
      "b448e98b959cf1c2c5ba0b1a0f8bed8f9c92b245254b223ebd2fccde3073b7a4",
      "2905d93d8e243d2a9a9019d02328abff03885fe7bf8b856633d54b09635cf7b9",
    ],
    preSharedKeys: [],
    payloads: [
      "890af5cd59c7565a6c0985ef509636798b17f8414d584aa12b319992846e1262",
      "95f06325602ec56f3d0cbca58f4c4ff558660a027d5532ce5651cc63fe6cbb62",
    ],
    transcript: "2434e0319d2a937bc492ba909a83117ddf41aaeaa53990953f62a1e7ae1f8c36",
  },
  {
    pattern: "X",
    initiator: [
      "ba1adcceefcc42688a32385f15d8d21d872ffca56121e9e457be7d54143ca7ea",
      "a86077a7e90ed6f510f46d3aae9c522a11452ee7fae7f1a31f5063f07fa71ea5",
    ],
    responder: [
      "d12f09d8034286c1bbacac877c85efbb74795dc34e03d4ea6ed22a6a2463bd98",
      "f215818f70d5163ebc2b44501fbbd9c326eb75e277d2c43450465590a6c1a372",
    ],
    preSharedKeys: [],
    payloads: [
      "42a8ec6059c4db88532da153e56c69e06c031e4ad09f7c94835272f415253ef0",
      "1c999f353f98fdb30d2b79d871cd64228abbdf47995c9d350ae8fd22fb41216d",
    ],
    transcript: "6a13f8d66aaa1222296855acc2798cb8d73bfa02ca7e2892f1b3779415f1316e",
  },
  {
    pattern: "K",
    initiator: [
      "16ee288c285a86f9cbf7d9d8ae787fb0067e38535a3716484a405929de867a69",
      "8fbab1475e9baa4ff06a206c050e8ad138f5e099cce340bcc31b9ed2cb4712c0",
    ],
    responder: [
      "aca9e5b788f1041df9154be8073a75924f49f604cff1f8fbaf2cf4f546650e95",
      "4b8f68f67c0d5c4356d0192539e40bcf0cf6ddd0f212f887925b1ab261471e21",
    ],
    preSharedKeys: [],
    payloads: [
      "e9e97d1390f616d8cbd3198bd11935fac311b35a77de859bf7f9c7db66d54b0d",
      "5d7d1151d7945703bfa6d2f9f704d6e205eacbe7f86efe8ae52c207f60bcca6d",
    ],
    transcript: "24e831199ca8b547b38a8e71906986666fe8150ee3d9e5726bc8bf81f8fc8114",
  },
  {
    pattern: "NN",
    initiator: [
      "ba743ce40b65ad7ec0700dc2e57de4791022a8f42cd46517c6689c5c812b3b36",
      "",
    ],
    responder: [
      "d5cb9c3d9df2b6263f292f59099680ab2b523cf02b43a4c534b1fa94f9a80ed8",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "d369dc8436b80ad2936b4179ef262a0d174c06e3d452de5f22a7ca0326baaac7",
      "87f4ce9acdcfe73e88f0d2b7e8b6009f07c5a42b3412909c1b7ce407a763ebd1",
      "bdc326451b8af9b6b82a2054643878d9eeaea4845c6b1e9ba616b2723c2ef272",
      "a783aa12cefa403d1dff9d6ac924f860a15d1ba21c2c4976f8fa88d76e590fef",
    ],
    transcript: "c98279b2b1601c62c016be48048545b57aaf8dff7b361f323157186c70636b6c",
  },
  {
    pattern: "NK",
    initiator: [
      "1b0c2affa2a0ba57c3d96a2b5def1671aa00f66a46d306618a2546a6757f5f65",
      "",
    ],
    responder: [
      "908f7161432df9036325367c1592ca275fea9a44cdf70d4f3135e16d0034dedc",
      "eb80faf5ebe8437d8edacb3bd95d0718a4eb3e5de6f835bca4d7e161301a563e",
    ],
    preSharedKeys: [],
    payloads: [
      "6b2da7554f3d4b8a27f371a0b2fb0d1b9c4830ea29e804b05d698f3f302740f4",
      "0216bdac2fb32a7c53d9c4711e3ed995c2e856d19fb1ed465cc88efd4f347e6f",
      "0497dfc21ec4d70f04ffc7094b9467808c043d027c87d410b62e1af3dc791dce",
      "874ba1f2539061f556a212f83c7a96faf33a451aa75099ef8a9b2aeb54c48f36",
    ],
    transcript: "70e058b660a4ddadac98cec79dd8f0f989354702d7e7668adf2d74f4572d6fa5",
  },
  {
    pattern: "NX",
    initiator: [
      "b0a4bf0a51903ae922b724de6f62c87b3321e7bb66860d4f30ddfaa534b5f726",
      "",
    ],
    responder: [
      "6c3f2c1ffeb80066820fd103e9622ead4fbab6e0f56daf586f3e347909bc1ae6",
      "6c688cf73fa987ed9e48a40912d306224407b01991c8c62e0d3d282948ed7b34",
    ],
    preSharedKeys: [],
    payloads: [
      "c1a4a3c900f0a0503b0f4a4a9b4ee58a930c50553ff3868aa4118328f6f335b3",
      "4a7c6162360a02b103e524ce64927381120064aceeee40a66c3b604629fcf88d",
      "09afdb6ef35e083e92c5a7ec00f10766c6fb7debef5aacf1d8483da89b996285",
      "941874c06a24257310c46d5744b8e5913882b10492fe2a199e3714eddd84d1ec",
    ],
    transcript: "342affbd691b3b211b33ef27075f9ae3ce39493ace2f46959370700243500f7f",
  },
  {
    pattern: "XN",
    initiator: [
      "78b7b8fff6425ff63505c8602b2f7a188ce8e5c6221cb0ac7e73762265e450cd",
      "064f8631faeb460b70c5d0eb8fa6b3c624ba6f69d9fdd0e6ca13c0405707f005",
    ],
    responder: [
      "772cb172bde1ce5c1aa190af76a383d63142ca0e716ae67b2bf0990719753969",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "58d79a2c68ae552313f719f216230ae51e0eed88e2b7baf8565c3fbde728ed5d",
      "df2bfe1f01c5d66ea848fb3b4ee47150b8caf600189bd632eece0ab0ea52019b",
      "097c7b3442273e019414ca937a789b2715829ae0b83fd2d1d7fb718d86f30923",
      "b4dac10349e2d3ac95e7b083262223680de7f02887c0624aa43cceec5a843483",
      "535986a891015edc52fd063ac91dee5abf04701062a25fa9539823457c41d39d",
    ],
    transcript: "cdbb8d64eea0c630f817f07f99ee24cf3c5629e87af46c7196b11521f1db5a84",
  },
  {
    pattern: "XK",
    initiator: [
      "821a1cfc35eafdfd7ceec182cea0b46a8b41715f8b1a6c3255da349a4205a912",
      "d79245fc228517d26ab3026f901e6de5e87029f62f5337bb7aeaf290630663c5",
    ],
    responder: [
      "d3d600d3d556e1819de798950067a5b9f07977aa4dfc7ccea983bccc4f92ed5d",
      "41f32f158d5bde75b0814850d79885e717c1858b34ae1787911dabb846dfb28a",
    ],
    preSharedKeys: [],
    payloads: [
      "5ff166c364c401f5cccefe5dbef2399eb35af4f77373ac26e98cc2178b3d4f05",
      "44d9a8b2dfc5e4db9109c08e7345ad331bc74d16d5580a0ccab5695a0d4ea406",
      "82e4f70bd164c183c4d116f4d18e92c1e8c57257dcc5414b10e1df7ba66490dc",
      "534f98102268d35aed2ad42b7929840845b67f3d1e27fa05b9365675cdf9ecf3",
      "7cdebd667263c56a74ed30fcc0783f4ee90b17cc4e8c4c31e47f81484211caf1",
    ],
    transcript: "369f95021578885e28e121058f84c1da385c082fa518e76407826981f960f365",
  },
  {
    pattern: "XX",
    initiator: [
      "a32daf21e93c0131495ce1d903181fde81cc46937daaeb990bae7c992709421e",
      "7dec208517a3b81a2861d7a71266d5d6dc944c5a8816634a86fe63198a0148ee",
    ],
    responder: [
      "4eece0f195d026db035ff987597c429d3ad3bcc2944df37d649528951b2a27c5",
      "4d0aed5098e3b4ef20357e9f686ce66204c792b358da2e475017d6c485304881",
    ],
    preSharedKeys: [],
    payloads: [
      "d03c489139e645d0711a3c9e810d776b46a84912463fafa87b884eebf242dc34",
      "d8190a92f7dc0c93dbea9118ba8055751fb7c6590c416ffbd419964132b99a85",
      "77891b19dcb92ef7c055b672c4a5aa7fdf1c84146b8b303459022729473ce254",
      "d7efdf988072881941db045a42882433817555128fbf5663e56081712ec7d212",
      "dd7bf01a588bafb52c6cfba952e5d8fe35cc2b3f92b4730ae2474615157345ce",
    ],
    transcript: "900f9be617e662502ece4971927c0b84a5fbbb45c9242eb7b965a869829cf598",
  },
  {
    pattern: "KN",
    initiator: [
      "de9df3e658c56633fbcbe24baa5234c02eb66e54231276799f317975994158af",
      "24eaf4beb82b52f9b478f38cdeeb666b7fa5101586ac6d314e6edd53e4af5b44",
    ],
    responder: [
      "1effc361a5b8fbf2cd71289d72d13f981a04fe6c91dbb9bc0997e598f991df7a",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "cb6524311d4611dae0805c3fef190031652907c1af194ff384665b9f48e81834",
      "bb9aa1efdd41696c37ed7e5dd0ce920f1b539328600251d2cf11d3727dc92046",
      "71d4c35fc3b7dee0c63de27e3a587decb8f64290aeb82d89cfc7e50bc922d5f6",
      "73d9f7ec1a55569c14eb5552999d84b599649a3af07d349ddc93abf4e6aa25a6",
    ],
    transcript: "830ceb6e6bf649aa354e2282339e3a07c1ac063c92bab8f03bbc659d5b567020",
  },
  {
    pattern: "KK",
    initiator: [
      "09469832d23dbaa396cb1e8c42c74ea73e3f88eaf39a1b9e89cc6528bd163f9a",
      "9ec880ae6e9dc37277b4b7cc43a9981a2a58428648536941c787f34c840ae4b4",
    ],
    responder: [
      "64fd9f17061c66df61f6e5c15ce85dbcd3aaee6e3a9f87989dc9147c6f5cb64a",
      "2f292fe63d73808a2e5307a62428e243ba02ce8b70c949a58a4c70312fb038b5",
    ],
    preSharedKeys: [],
    payloads: [
      "4d1f91e210b2c264713e73509808c3f6d99ca3bb115001388e630b1356a24693",
      "914a3388cb8e5ef4e3d4b7ba0fc4bc0a0cbc7ff41eabdb7c9c501b4d92355fbf",
      "e3ecca19cd0e12b0607470b7b13780428e0bbe6deb02c91ecd1d5c832128258c",
      "517c1116052039051444d2b76d00886bea074d1d730f1e3489457496cdf4d8ca",
    ],
    transcript: "273d363bed434e1eacbfbe69db016e6808af93282c3d2283235f243b2c81a409",
  },
  {
    pattern: "KX",
    initiator: [
      "331edb9025935fbf5a40562bb8530e826710dc2d26974dadade67b7f6a4e3745",
      "fe125b1367dae0808e535917dda7d5df1953582004d352324ba7620a0324cf51",
    ],
    responder: [
      "44d49c16cc93e9297a5d9abad33876c90fa201724c01347084e399f45a8f586b",
      "1cf24dd02e02afdff20896dc68382b8a921140fa36124e50ac30205a6643a2e1",
    ],
    preSharedKeys: [],
    payloads: [
      "90d270ab6390aad74c4a4f0830bd89de5a722b32626d847f5577978b99340336",
      "55286042095334f44de6d35b40dae315cda3fd1ed033b20efa7382ebb59deb10",
      "fea88da584e1855beae5a52da96bd1b75425248b88e7e6d25f88f4ee85871951",
      "7dabd92fcbe62830c08aec958f711b92c6130a6cc7366cfa480a2259c02e37ea",
    ],
    transcript: "93c0b4e8ead61a7676804d451e3521d7f900d320ecd9912bd0281aa7ff03993e",
  },
  {
    pattern: "IN",
    initiator: [
      "6e6338f3b8ea9c9a699a5c6de11c754017bd3dac12a557811c1d61a2f9f62df9",
      "437b773957577a23c2a04344ce2122a0b6161f048fb9791399363a6cc64e994a",
    ],
    responder: [
      "fed7b168b818e2c64c0d3dbf068272e51c510569c04e95b9ccb571cd327d6d24",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "11950def26ce81fc633e2f61835a07fbafe394fc61f59459127f74faa5a833d7",
      "6b27e836b4eb2d402ac53d26b47cbaf09e2e59dc67f09f4125d7781f27df27c0",
      "fd67da4a02c52000478761f880ff7fb71e625a822b88e6edae633f7207d3ee02",
      "372cd827d6e70504d75ee33111da8343be078f3a8316f440982544f887466ce5",
    ],
    transcript: "0f2d6e9f18d8ebf4ef0da4b02115e40f5ffadfb8c72cd8e951ea7773dbd7b4e6",
  },
  {
    pattern: "IK",
    initiator: [
      "dae68498c41315cff7e4a34dded8d973199d8f0cf3fcb8b6651c169de77de8be",
      "f49f93c5112c0787acc808d61716d7e090e076a58f15a3f78d92773f8dcb473b",
    ],
    responder: [
      "c0875a5b59c8492bd2135e5432d7d484f938e0a1f5009428c4bcb70b2f69f69f",
      "b790546f98b1e933c48cd01f17e7b281469d46fcacc9a3b584ae65b1d6272e8e",
    ],
    preSharedKeys: [],
    payloads: [
      "95a8f51c435a9530ff1f30868ed7b23ec952eb513c26a0774fed82d2978a8c81",
      "b866b807a6d8b83182b884dbfedc861843c5082bd6e480cb54e4245a72083041",
      "e3a4937faef391028f759758b428b57652e0069a8dee64dfed01b60846938740",
      "693972f27b0cb98aeac1fb54d782125431e7540e0cb2fa882cf51a8184d724fd",
    ],
    transcript: "3e52b74d4219f20664cfde854c0d7caa64c232f22bca9a49187cd38283545801",
  },
  {
    pattern: "IX",
    initiator: [
      "c7d21a2da9a8d25a10f5379fb03bcf3886fdb9a3d6b9283d75e9f3b600d000dd",
      "f12022590afbbc52d99a4d7f9eac52452c7101e1286867baa727163a7322373a",
    ],
    responder: [
      "e0f43cdf10cd9615f7b70e93f6611fe2e399cb604edd0f35e7116911479d6efd",
      "1b044cf23f50795a50911a28382a1eb0b8b61e5dabfcbfdff5b5622247f24f3e",
    ],
    preSharedKeys: [],
    payloads: [
      "a9d8774a70ea64456cee4ccc1d11601bb24f1c6e5c09ab1774b92258529f87e3",
      "00b283c966449c3aed705bb29e1f20bf774c9e6825c6fccab6dd296bf3f1d35d",
      "2ffe43b630fa486393cb7c8bc05cbb2e6effe73e07e1184691645465123ca8d3",
      "bdd82fb329ec6ed0edf3465c62163bb00404c69cb0c47c17fa7b04903ac2b217",
    ],
    transcript: "06d70df11c17886c419355a12a8f0d847459b1c27012ae647c249ce267fb1371",
  },
  {
    pattern: "NK1",
    initiator: [
      "e88bd854d7be52a59f560c16a52431d134014bc94be0e103c4c61a6f81f11522",
      "",
    ],
    responder: [
      "ae02f68abe2dce601616ddf93fc62805f406cc9ec08ebe0724cdcf47146f323e",
      "e6134aa247b2ac10f77d414c793a6e8a0d2805fcd3a5362bdc1fdd217c3010a6",
    ],
    preSharedKeys: [],
    payloads: [
      "1dce2dd23ca21e85a5d48ac5e0c85b957ddc0db382d7517e42d317088baef912",
      "3a9a4ede22474ac05249419503189571681f87247285ec55a03da831ce5054f2",
      "7ce67977a9d78f2de61ce15649cb410a8440d63640e324c25b8315f946bdd32f",
      "1fd4f19b05e5693787b8da4b6d66de9371b6cbcc73d98047f302f046d3b4ee68",
    ],
    transcript: "7dd97a956a14a4fea70bb0e4b6fe0627751fd0f4f869293fa42bd329b22a1e4f",
  },
  {
    pattern: "NX1",
    initiator: [
      "4b864c1e9b6dae1f1bd1de3d14ca5d186f7cb0016b9fca2b3524e4a63db73325",
      "",
    ],
    responder: [
      "2c49f4113652afdb035f028be12f449a0c29b622a3f7bda621578def6ba33f5b",
      "1ba80f67f3e8eda6c32f9b7892ca28750dfa85a4dabad0f2965f4c3ab79e4022",
    ],
    preSharedKeys: [],
    payloads: [
      "a0dec1bc378dd7b38967f3a35b7d30cf1b60fea33c409eed04cf614f8009d791",
      "ab4e2a429d40d9cc496e61d48955ddb015da405b428c39e5b3c6229aa0e284b3",
      "19416ae7b69c458d68a5dba66acf55d12409ac7b7509949731e8cb11f8c4a70b",
      "e22ffc42bff61b448b329c92e1f3a73551ccbd8edd31df9f9bb1ced9f0697090",
      "f9acc529831a3272bbcde8dae72b0ea2248b0710169de71e3f0d8482e14558a8",
    ],
    transcript: "0f3b8f6e4c2fa151cf061d44218d0ed6059e7f05cde93f5519d8d5b268f8c685",
  },
  {
    pattern: "X1N",
    initiator: [
      "64f80319a2bf90f0d610666d1aa0ecaa6bd8ee76d628017206c09a9e54eb23c2",
      "1aa779da1b053395c5c7a1f887a01d5cc99ae3acfa14a40e16bec82192deb542",
    ],
    responder: [
      "51af0d77b564a8a1ab0ff7c14296fff7ec321c8b907a29933fe12e4cb5f06ad4",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "d5e729b1568e904a727d0fb604aab6b172f507039097bd1b7b248ecda35f2b0d",
      "ce9ae6a745188b9abf3771954f5e2d18323fb6ec1dc5ad92f523db7aa53d69ce",
      "fe834253734c8189f5ed73bd9094fca606859fccaf25e5154469b1c7491c642b",
      "54c2970d4ee45a30b159de452159448653ade5e062e035a94ecbbd218779a80d",
      "439a6403929796694593d1c859f02fbc39501ff0ae3f34b55f48f56a28fa76a2",
      "e79a85d63e2d55556bb62ad8df78ddf0733acae9ca4200d52704b00109d9ae00",
    ],
    transcript: "d55d3dd16eeaa763951da8008c368363fafbef9ae0b08c9a951deaf38408c89f",
  },
  {
    pattern: "X1K",
    initiator: [
      "cfbf3d7cd63c634187c5f66fdf56e94c74177734b1d5a3f80acac0233a63d2e0",
      "6031b8481edb8274d412cf28c63483c6468037d6e55ff3fe5563f67b898fc4ca",
    ],
    responder: [
      "bfc6af34fc90d4195da4498251f541ece641aaaf533776240e607a5ec862c901",
      "c358c685a686052d703c393bf53a22084b48e730ab31762df3a58c8dd06ccfb5",
    ],
    preSharedKeys: [],
    payloads: [
      "67fb0c77c6f0e7f61f2a4a1abb4d617db687d6bcc3084359844748aa2c7eff87",
      "b0aa0cbb795361385990f4d5eaf28ef9ef7f218b2000ebc46520c470d50119f7",
      "e150479a9cf26fd6f9703124927dd518b3d98378a15af339d9db2435c2d80654",
      "b43c76cf0eb7fca4812e3468cd3178ff734fa63233485a402abbf67ed862a12c",
      "1fd2e80adfb35c4feaeb1240f3d1b42170a39ccdac76c0ef3ea2c0be875894f9",
      "4ed5847b41759bb0bcb2cede3696a57635e3b15004480c31e3d13f0938163674",
    ],
    transcript: "0b0828dee7e0a36366374044153ddf53636fc3a6d3fb2e8cc3e769530ac0a7ad",
  },
  {
    pattern: "XK1",
    initiator: [
      "3bd5fed052c5a942908b61c62060e766a534a7513d94cbd0104003635729ec00",
      "983f3b9b309e77f25460b36f6378d5f7b4aa90b6e3e8077314efda4c7fc57aa1",
    ],
    responder: [
      "93da6ea5901c8b707bdd6cc1e7f9c6d832dc756421adc419b77dcd1f99fac5e7",
      "f97a9ad97aa8686ecd476ddb71cc7fd12ad08ab9a846f7b66eee73b137fbbe44",
    ],
    preSharedKeys: [],
    payloads: [
      "6876ffc2ab6c6c64368857e263abbbbb80fc74379b635fa07ee2c90927dac039",
      "d8d980603655d35f05c8e7f8b250e1027d5e57f9d942ea6e00a6f1cb223e03b9",
      "371f47335b6b744b8da8210cd550b3abca229a5084c6765652a165e95d17281f",
      "3b6422af2a2c0e3bbde96cdb16f3587536f27722c0801f20867456b6c2c481d1",
      "91662c52b0d8d56b02496d43a85a67a966b54114962157ba06bb29565950fa04",
    ],
    transcript: "4d2792790e7d65e4175fc25db0055ff35c96cd4cf32e1bde50886e648e05f101",
  },
  {
    pattern: "X1K1",
    initiator: [
      "7fc0e91e773fbaa53a06ef68b6926dd1363d04b7adfa0bd193644237e961eccc",
      "559741a4e0df75cd4a6857ed4387fb7ae098e9aaeb2af2698fbce50cfc55b56d",
    ],
    responder: [
      "21fd1229daad3cee73acc4170ac8657a56faca79dc1f2b86d755af6e9808bb9f",
      "97c32a3c206265bd37a2f5f9104424df892ea45377156d889563c20fecb3dc55",
    ],
    preSharedKeys: [],
    payloads: [
      "9d101ebfdf3256a0316cc83c1fea042aea2f28ff4d1c0ee93d3cb875f51271fc",
      "d164486917f946575c3e5a02f9de43e1462e440d32361db6a189ea7c5193f4ee",
      "25dbe53e4f008514c097592c1a8d11dc83c5af48b054c854de4cd46483a47ced",
      "a170050d9c547365b09a58d3d417b6b27ea8831c727222b3ccf0efd1f6c4ba27",
      "314a3410c62c5eac27435a6db4c6098fe89f08b8d69dbc435e66c8310e1e76cc",
      "d6b5c14c0005533104297f62a21de79c00e89e4e28dce47c47f0e3a6e2a0b8de",
    ],
    transcript: "942f570e8d2db641496ebfb6cf7e1485e88fd8585cd61268cfa1acaa44d3fd86",
  },
  {
    pattern: "X1X",
    initiator: [
      "8763d4c2b11888615f2877236a5eb61242503e2b854c149055411a942914a4bb",
      "d89a49c8da611002b00676d2c3b43c1992315d130204a7130c77385ab044a181",
    ],
    responder: [
      "6a55dc55f750b09fe84824ba1350121343a59eded328e921ad12b5be43704f0b",
      "29f4f913bb65965432eaa08d31616c61bf6dd169bf702cd38d50f42f2bc107a3",
    ],
    preSharedKeys: [],
    payloads: [
      "81aecd62ce39f8eb10313cbbd666e0f956879f32f3a56c701f0d26d81409ad68",
      "b5d4e8bf21331dfc0e12e9f36dae689a720b40b27c877002b9f43683b1746829",
      "5d0e8ff49dcc15665669dcbdc333fd0b32f9bbe93f9777d1b0b7aa9572d03d92",
      "60f1def22eebd178234ee6591d783c2a410ef04d02bb9004b25811624e396a6d",
      "caf3f99c23e68b9b45840256da6c2a8c78eb00db4e94ab890aabfac3dbc87bdf",
      "e2b80f660dca919d350070aea0e0391aac0ccc4b0a1cc5387d606f281687cfcd",
    ],
    transcript: "f76b09813ca362635ba780a32fc3448f79a5108a06e8936d8db82a24125d56db",
  },
  {
    pattern: "XX1",
    initiator: [
      "ab8a12bd4bf9f5f8374edc61a2855290ae043188c2dec1137266d6d75d452fe9",
      "896772dbdfd5a8361638ffa4cb7249b87970916caf575be3773f78ecdab88adb",
    ],
    responder: [
      "6db09841d12544d5f358996222ca4b03afe54b3d70039e01d5f4238a3a6e49dc",
      "02792efd017b92172037c90e0e91f2a92db8e87345ebec9558ced1055853e916",
    ],
    preSharedKeys: [],
    payloads: [
      "1006a6ab31966c1a136e7e550983ee446ff43485fb222af3a679ac569081e880",
      "a526368466eeaa81c9435e3b314d5f83db3625568507d3af97b4de515d79f1ca",
      "7ffd4909f147d6f4587cb58c64ab2000cb2e202c670f193d2ce9bf165549b3a6",
      "0882c7723deee1c5c2a27e2c9606e6ce8966b389294f7f091edd9efcaf0ef6ad",
      "5f4190f59aef41fe01bd49cfe095dbaa54d359b67dc1ab46af6a98f62b7967a7",
    ],
    transcript: "f5a126a51eda12b1969d8c449c953a36c2e00eb56c35943382e9447243891b89",
  },
  {
    pattern: "X1X1",
    initiator: [
      "d9bb0aad53f25265338e976a66bd92c734a7848ef4801ed1dd9fa7a1750920f8",
      "a0771fc769739bffc0b7b1dc7c610a6d4058c82d7f29f1326a3db2316ab89ea9",
    ],
    responder: [
      "0ef57bd3e7708855fe6d146ebdf8cb41b908dc883505b7fa95f07b5e529be9c8",
      "45eddc8b98d60bf961b9cd234731bd99a1d247ecfbacec6d9e9cb7c56e77ea26",
    ],
    preSharedKeys: [],
    payloads: [
      "56b13906bee44638f0bb59210757164e7b93beb4c5cbf0f2d216b5f0ca7dc5a9",
      "87aab6ae4c3c6950a1f523ee4f3f015921a7243eb7f16722223fcc2df5dae0fe",
      "096d931e51c71b931093a6631a8b4152da0f4de6429badda0db7be4845dbff10",
      "0fa526027415130e23670416596348b08a8af00c6434d898d4bd8443788ea0aa",
      "5530623dd56fef8c7277584e98a54f1778753230e30ac6561f9f007724399099",
      "b1b343cb8fb7ff16f36156a31c6631f9a03c904a6c8bd2922066056bab7695da",
    ],
    transcript: "030ec09d473551781197e6632a7a674fe3a0313358adbe8ba5a91aa1d3ae43a2",
  },
  {
    pattern: "K1N",
    initiator: [
      "d462d2437e8566b4fac475c7dd6f117ad3c7b2b175f3937f9ee1f94ac0f93b7f",
      "089380d111ba11e68681accdf1481ba76105838dc9b5784cedbea8337c3ef8fa",
    ],
    responder: [
      "1629caccaa9dd362d3a299c8ea7aa3a5712baa5191947acf5526f85df4633cdb",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "b0c29fe227ded5934c21d6ebc76cead6ff538388f01e5164f0c670d1247b260f",
      "77eb6dfff805cf7be3366565626f46ce2821cb98d3db1d64cd3054744dba4a6d",
      "b4a34e85e2b6e10a8ef0e9a1c43c4ab0cbabecbde1d507cd35418596175bd00e",
      "b0b0bf5bb4e067d1ad860d792b6fd6ea6cb49238b7e5c09d36c6b58a6b0ed702",
      "8f906b6e376f8d8ac8436e07a7ac70d90b7ad28cfcdb78a69e74edffce98a12d",
    ],
    transcript: "b32f6216965f60bd9c64b6687ebd2780043644e90b97148a711fb4d673f0f217",
  },
  {
    pattern: "K1K",
    initiator: [
      "3880bfb0b3dbaa90bbfcaa4fc3d2acd9cab52878fdc9d23dc22ef4c397371521",
      "5e8fdafd246bc24334ff1d7a76276cdf9e3b824ad9a116b11cc6df90a8b947fc",
    ],
    responder: [
      "424084d09bbb20d420856b894d7d6066dcf45142306a24c489cd66ec870e0820",
      "268f827c06088e9fbc35a9f2fd6e099d6426f1ccff26abd71178387a3ff4acd1",
    ],
    preSharedKeys: [],
    payloads: [
      "d8814242b749d2adc115dead12f2d04fcffe29d9f57bcb90984cae499b0217e1",
      "199c322f3742e9f556b6ee95315928d9946ea9f739364e2fe1f4d582d3ca7b00",
      "67d0f6cf1a89721da599adf5dbf36f9d2f1601015136cfe453364b7c94158a5d",
      "fa7c97f31981bf86121f63204f1cd256137f3685e133ecf7ef3b949e537747f4",
      "cc81df5313da84236c563b4be5f890166e09697da8c22d524755ca1d6399041c",
    ],
    transcript: "5cd006af82d4539a7026a22e411ca8b8a5b5e82ed55f24acb9cbf21eabe26b8d",
  },
  {
    pattern: "KK1",
    initiator: [
      "a732ab49e825af7bf047d056418e33cf58717577f379c74bff1fdaa7b8bbf5a0",
      "442f5d9e75e715d3b34131db83ef599344f0b7588a12aa9e9cf7cd3fb91e4196",
    ],
    responder: [
      "71fb6b8db79cb56e90d0147fce568a7398aaed9577562e4e484201b222882c66",
      "f574d2ef373bf08a487ac666bc1ac988e1861aeb6387ce881e8751ebef8c61b1",
    ],
    preSharedKeys: [],
    payloads: [
      "6434895a22a9c397921fd05d4b53596b422ea796e4bd1e9a86c666351d9d00c4",
      "6f38231a0aa6930b6e2395e3c255c7ab15364cf2aa82290b88007e4c8a8b1943",
      "c0f0e772e050929c9f30ac2a687b838ea767b2e628f5092372cb24294107448d",
      "214d952b515647364579f743787b04397cc1502c78f02b8c5c0af4ec6c4728a3",
    ],
    transcript: "197c9f49ff96d1c8588910126083b4e9d8ebf550f146b319e0fd71b2bfe2b0da",
  },
  {
    pattern: "K1K1",
    initiator: [
      "a9f056dddd1435a8c0e13d4e78dd5b76df1c718f214cb5973d47c32594ecadf7",
      "e178f9110e76cc90be1e80362686b1ea531dda9986b488e117e4d421c7cca657",
    ],
    responder: [
      "ab1d9184b7e63153a9537d0dce7496c05502f508d8002cd7e3dd4bcc505ffadd",
      "281c7b97aa29120ec1087581a585b50f6e474497bfdf817aa9185c30890a1a3c",
    ],
    preSharedKeys: [],
    payloads: [
      "3831bd960bbb2b0567c6a5c405ab11fa6919351ea80887e4ff5bd1ba515b4675",
      "a2c5ae89b1aac68193f8048991c20822315d087f820ec674ac7a371d0be42db6",
      "7818283667d8d97b8241dea6968daaeb3cb6eb16e111742f08658bf7b2ea738f",
      "cbae5408be77b4c7ffa7d3cfab69532109ef00b89c9e6acf9584b3dd937565b1",
      "3f152d58a7cd0d8eea3bf2f4f909e4e1ea5a7ef45fafe7104740735c72e93f89",
    ],
    transcript: "3053b844700718f459140ca38284dd50f7a867ba230f266005d69dd1c16b65bf",
  },
  {
    pattern: "K1X",
    initiator: [
      "7afe0301eb3af940f7a264e825e6ceba95f7cd28f27ca01975714fbf68c01f59",
      "2973c7505f388d85199a45fce6eb7e9b5c9a247e4a2c48c2cd0b8d66f48e010a",
    ],
    responder: [
      "0a614f52d91476dba83d5e2de1dc4c56af4a89a875b6d3058c57ce038b05c9eb",
      "557bc38d10629e612ed293799ecd9d201debaab55b7bdd321799a8d7a57bc15f",
    ],
    preSharedKeys: [],
    payloads: [
      "e8f65e1a60aa830e58a0f50e095b3107cbb7ebf5d496d2dce14bc95711c5db4c",
      "0ddca6699f795c40f23b718177ac3bff277a92c790ad4fa6a33988a0f6895b1f",
      "757d7db9fe4035f4cabf64010b5ebe99bfa368d66fea31042584d44e297e0d1e",
      "95b951e12baafabdefad229a2b90473da2ae4322e60a2b210ef77d0c3e302bf5",
      "76b106067639c12501cb3279a59a6f4f93ba2cce6fb028d60d778e9b8c73fcc0",
    ],
    transcript: "2232390f73330c4d326dd586f4e43c34f049bb0f77cba420fb318a0ad72b3e7f",
  },
  {
    pattern: "KX1",
    initiator: [
      "c88d35698fa66de6d088f8a176b7c599e0321f191654a5296a39f95044834d41",
      "e61ba8d64691f5dd135205c58e3c7b7e7b5d4aff44a8cfb69c0f52443fd2fb0c",
    ],
    responder: [
      "d974f221fb6b431546a11f308a8b8ab56b79a4d0765f10a4305e5ca0f5c263f1",
      "9826081cb21ccdbc28f9e6a3831f5f0a1acd53781f0da209d96e91c4148f1c33",
    ],
    preSharedKeys: [],
    payloads: [
      "7710339925dba9f4fe9ed81effefc1e107bc205be05a521525098fa264f84982",
      "e7269e74e368668bf9485c1f4d974ac481e167087900e9670885716287e39525",
      "ec06df0f2ed2e7ae58a5251c424a6a588af7385581daf08a04eb6b5091c35c61",
      "a06851aedd60ac6567c55faf2d9fa593060bb6f2874170c6e6fb07b7be590b67",
      "a82ddc4ebd707eae303d5f125ae33bdddb07cb4930e26854eb674e11e801c5b5",
    ],
    transcript: "6f237a0f52cb55f2d1c3f4183fec79e506484aa1e599abec39727013a873a69b",
  },
  {
    pattern: "K1X1",
    initiator: [
      "d8e32847aa5dd62abd2db4aac8f4dee157579565cad6117286ba2a0501054bb1",
      "1c16b4d521e013e9a8ec9a1b05a6c91c0e4dc2abf23d4f141f4d9bc4c742de59",
    ],
    responder: [
      "03fe269299013bb5ec8e588b7ee3fbfb9a1dae32f6e49dbf708444333d69d3a4",
      "26598142862d8a86dd5e2ae4d5c53a0bc0a2164b50189dbc89f96efaaff8d111",
    ],
    preSharedKeys: [],
    payloads: [
      "64b01b605d5cbc880dd72e86d6efaa588221cb4c2e3dfeae84490a3adf907cfe",
      "2658b863dac03a48e3bc4a0caa0ffecb601ecf979a4c44f2aee772167f6d0a0c",
      "fb5ad4b92a2119c65c895f5bd6db373a30a98f616480c4f1e43d65c280ddf393",
      "f73872271486dc3160787e807a778c8570734995d254c222c30e58dffb1d3228",
      "9a5de27d2ff47ddab5528b58137155f9941cc970e6cbc964bfaca08be30cdfe2",
    ],
    transcript: "2d4f77a9d154755042922e5561143b5e3bc8aa76f92121dbb2eb0b35d074983b",
  },
  {
    pattern: "I1N",
    initiator: [
      "f7bea67857021668b3c7d3bb8ac05534d0c57b229f700b293b16a549da67e4c4",
      "b082256f8b8105d4eeb7321aefec73551b4b46b694054f75c3fc50ef6b94d2b9",
    ],
    responder: [
      "606e2e3a8fe4d2e2d8a48ff029d5a86a9e4794de7f6cb871e43e0ebb25d0aa32",
      "",
    ],
    preSharedKeys: [],
    payloads: [
      "d30056ea679cfd830feb114d75acd92e91d0a6a6f410838d6ca413eb6e28cc23",
      "3cce8d5f1fdd0fa58dd9a0d505ebca4488f9166c14b1e105c77045efbbdcc2be",
      "5a7ea22480669a7d6485177e423dd3a0fd6a2b3f77493ef8c093f7798c57268a",
      "c6af8b99a3d7dcad08ed7000ff9a7d5f54d69462c5ac17ec54310c7512bd7ea3",
      "fd0bd20ed70b049689480d284ef0e3403fe407f747a68a44f6472526227fbc06",
    ],
    transcript: "6bb472a6de83a0f44c0798ea2aa986092027aaf8a5f6b6c3bc5687df77e16767",
  },
  {
    pattern: "I1K",
    initiator: [
      "c959210e0c2a7b0c437ea20018bb5bf590fe28da90d8240244cd92bd21cb20bd",
      "b92bc41c19b12fdba31d40a79d4c773a8559e898c0f4f0b0164289b94238eb73",
    ],
    responder: [
      "8509be9b41f6c5517dde06ff72c59de2ba792c8a0469ba2c871998c0c4bd5158",
      "edcd0deedffadda1872c3db41eff523e7f9a1ba035889afa2e52f0a7e1306e90",
    ],
    preSharedKeys: [],
    payloads: [
      "1bafecaf2c53d5d1299ef29a3d165e21a3962f8ec85fc8c6f134d15009628117",
      "a942e3d8956519b4bec40fff0d30c807930cc02bf46ad20da6a9a222380a6264",
      "e864ee46bb6137de3baf403fc42dc1e6e4488f9d49c9a625f3c0fb8e97be440d",
      "f4279001d4aeb2834fb23d8cd012bf23c34695d1328b7a5740a56fb8cffed6a5",
      "831fff13fcf91a6c93b40312b57e296787e84a901a6f9ac23fac56e248cc113a",
    ],
    transcript: "94c91bea001a4c843c23ae1a2432454c1b7bb42f0a9da988a2242830d8b39d98",
  },
  {
    pattern: "IK1",
    initiator: [
      "1478e22a229bd037e378f83c18f784adb372f7986a0173fa583c7d0422980bf8",
      "797953f22115e88ee1c685e3e62910f5ec1209c884f015bb8cc852ea4ea7e1b0",
    ],
    responder: [
      "1867f8618232afe85f8b8c52fdb46f00dbc4b7d548efc6681c33a7f10390d3b3",
      "d13aacdb5c65028db48d4425fcd866163739a97077cf7b71e80a58fb2665e9ec",
    ],
    preSharedKeys: [],
    payloads: [
      "8accb21b1f1f84b5a957c95f97153653e385538999e18af459461b2f1991596a",
      "f9bf3d975a9c97e01d0652a6834805f97a10b8ecbd5aa2239903bcab9a3fcc4e",
      "5fa73e64dcd27e1511fd7f21c84c8ec5a024be2cfe0d3155e14d2d69a7a74778",
      "d46c63d7db7c79081793ae2704ad8675c5f5283435d35166da2892ec6f462746",
    ],
    transcript: "b5187d88e97bbb2b0d3af50c201e75c64c7240fefd2538d1173c1fc01e53be2d",
  },
  {
    pattern: "I1K1",
    initiator: [
      "e1d59b1349a79d94bd6a7589cf3f8fef0672d109cb467918d3f8d56844c23f99",
      "4d45a819a727ed3e89316d97860f5922343aeb138325b2111cf81b6c12cdf78a",
    ],
    responder: [
      "ed75add6ee78553cf0c0f0be221451eb99e5120a4eb0175bbf2a83e381c39088",
      "3b90d8faca4783fa4b105f874eb588c2696e0365086dc459308d613f00bed89c",
    ],
    preSharedKeys: [],
    payloads: [
      "8ec03da5265b831161a69c5dea1e46207ae49c6d2b07e77541076007faaf247c",
      "b2da11fdc4c1f57be3d22d7d3c13d1758615fe1a7ad8f4323c7fa724af570547",
      "9c1c5c5ac3d4a4b009808e31c543da2be65a64057f4daa475789b5f699fd8f16",
      "be743af7dbcae8add322b0614c751b0f571de3471fccbd31d7271d77476bfd50",
      "b0f8aabfae102b916eb4212b03d4fc806f729c8772ea32f3f738beeb10fc8bfe",
    ],
    transcript: "8ce7bc8fce40b5ea121e38f2094dc08820d1956a271dc574db2a76bafa892118",
  },
  {
    pattern: "I1X",
    initiator: [
      "1eed5d5ab83c4dab8247244fd9ab5e7ee706b119b67d12d3cf0f6cacbfc4f9d5",
      "52cae4f3ac4514e0e9528babc30ff9a7ced69c125a442887c7d4fb853bc1731d",
    ],
    responder: [
      "aacab3ce727b82cf2b447bfa3c18883fe9565005cdef34fdf07c155b3ee36ea5",
      "aeb3a36656586d67cbf9088e04de9c629fbe22599742bd26a0796347b6f4adf5",
    ],
    preSharedKeys: [],
    payloads: [
      "483e2d6ccf3c59cece5e0d448a1d5332c20dd261af6605fdc3c4b9cdb2b2eaf6",
      "b1951616f1b5bab6107ae22a20d19f4b26d27a42b48085e53435238490759a9a",
      "e4d4851259a3a474c36611c8d9afcc14e87ae7c6422cbfa4b9818627fb20885d",
      "e8e5aa02ac10d4db1df20de2df9ba17b47a064ac36efafc0dd5e5af223b4c23f",
      "850b1f47ff3ef103284258686d0f864e061e0d228061958beb6ea85d274d46d0",
    ],
    transcript: "2cc38362891512463fbafa8ac39ab2fc4d0cafb352cfed9a9d48038709618fee",
  },
  {
    pattern: "IX1",
    initiator: [
      "d695e4c59b9d624cc676470fc264944852c8b98c5b8cb9765768e9a3e08fb2de",
      "63a8c5053295c8cb0d8d704794eb86bf8a2fa30651b72883480ee2763c084b8a",
    ],
    responder: [
      "ef82fd98a1391f81452830b2bd334a240b9e59049f6f9be54f5603ae937a769a",
      "4609ad660c492b8bcdbea2e50277f69e7297840e11978b0e9c98c76ba673f287",
    ],
    preSharedKeys: [],
    payloads: [
      "d9bedb11340eedf133e6aa4b8fc9d7544ad89ec51d46ddeac82c1e9ffd9e7beb",
      "2c1c78858385c9e90744b54aebbab5f72bab03f7a4c9e7da27ec6cd972c92ee5",
      "6be29d645ff43acc73271926a524fe29b6a39484e71a956d1b5ed22363a7857d",
      "4ac0b24365e6eecfa7bba66e4894e83d3399c7c36c8ced9ec32012e3f7d13bdb",
      "0b6b25bd16bbe7352298ac1a0ca097fd45d3ab3ae933a09a10e369c7bd686c02",
    ],
    transcript: "dbc708e3c8a1d0f36aae992972727501840f2e266e3204a470a780161ddb0b25",
  },
  {
    pattern: "I1X1",
    initiator: [
      "d1f3ef391a45aef0ff7e643f8240e04e50dd3990be17fcb021757b5757eb74be",
      "5a8860539a36c6b8bc38ea6a555ab7a865627dad3cff2ce3b090e124973181cb",
    ],
    responder: [
      "f097e0b2a4b8cfeb1344c9c137106dda7df9824c300e5458330f9aafa2281454",
      "3ac132c166e3cee9632c22252c6057a8d36bec9f12408ba3f11a20f0c30bd951",
    ],
    preSharedKeys: [],
    payloads: [
      "2ca30d04dcf8d2de50d59b98c2465cf9911ee58ca632a258f5cfff6507e33f80",
      "e51d42c7b9776581724ec7f91032bee580d0064c1461c0975db9eea72e0ac167",
      "69d92a40c5f1e16fe98bfb1b3228dacc5f6af517ce241561feb672db6864fc1f",
      "6a4d5105b4d023670baafa7fa250f2e4bab9d95b9dad0e9b424221f59a027494",
      "a2fc90be654e43e9fd44ba307c78b6b4c88cd9c016d928384c484be04e22cae4",
    ],
    transcript: "2e9d1e8e753ed9e3d7cbe602335bbbf1999674abea4938c2c5a7be532e726c30",
  },
  {
    pattern: "NNpsk0+psk2",
    initiator: [
      "24ad913c4fdeae0cdd7a44f70d0dc625b22f29e15ed8dca775d981012a3491ff",
      "",
    ],
    responder: [
      "c53a56ddfd32229f424a732a427f22ad1bf37e6878db43a12283f60a101a79fa",
      "",
    ],
    preSharedKeys: [
      "198fd1f065a2189e08601b528466c8cf8aec05a4816a8a61fec565d8c12ecf04",
      "a1a156e77447faccbe3822d80cd53d3941299f7f717c4c7e6fbc06927ee17224",
    ],
    payloads: [
      "abb6b87769fa6f5731060e734f0fc34f032cc7db99265abdcfd660493a4a53d4",
      "3b91c761cea263d20482ffc06639b7a87f87c0bb0926b9c6d47d45a10c8de9eb",
      "eb8fc205a11e2108150c2f4837fad0102ee4a586168a64f21f77c016c18a39d4",
      "6465c036eff856efdde1e63cddc4657322fb2fdc50e41b5d8f16c5f80db36933",
    ],
    transcript: "daa331b358d9fd40a3a4d4598f9831d55ee0b71e2057b16358228a6c3c96a99b",
  },
  {
    pattern: "NXpsk0+psk1+psk2",
    initiator: [
      "9589fb62fdb6d4ba0df78ba53585db8ecbf4966649928ab805c0bfcc5216496c",
      "",
    ],
    responder: [
      "e3f90b300b1cb637f55b3ba7dc00de724322d5894250797749ac278114d96221",
      "b4af6e28a8aafd4bc6bb208d6df1b4f2e7ae5e7241a6073d57e6bd592f797f72",
    ],
    preSharedKeys: [
      "3f383699e2d12c97ed666bb69028a45ce015f193f9664aa417df188174c3b214",
      "8af540485a351fa17a53a1a9a2e3590431c53fdf58a4c8320f5c5383361d7ef7",
      "e61c71b57aa25e81cde897637b968d114c6684fdfe846b1a637f963a24aa83f3",
    ],
    payloads: [
      "b2728ac48b41f368b60e18848e08fe675056aaacb07de21fc91854a8fe2719fa",
      "c8b153d85d9dace0fc4541320d29936da68a00f2117630e3b6e8d3bfa4300882",
      "3c6f9caa438b1a172488c4d2cdcb0d7b1ff7e17dd11654770d5f485252c7a171",
      "8c5838972d9501c1521605dceeb7a5755e73682606814f5dfc5a74c3066cf9a0",
    ],
    transcript: "8ab1dd25f10d1a56135d2191961af8c72fe0aadb0bc1dfe41c39f899d236a675",
  },
  {
    pattern: "XNpsk1+psk3",
    initiator: [
      "bf303afb9967567c7d24c6dc7ea4e000eeb012c7d933cb050f221c9f83987ee5",
      "7ef9db28bb93b067bc394dc5a4334f6ee7e790350068ae2b7d26b94ddf6e6317",
    ],
    responder: [
      "56411a50acbfda91490b1f6b440666e8cd4150f03675beb18e90cef6ffc957c1",
      "",
    ],
    preSharedKeys: [
      "a48f99fc5cac60ab44404f24f1af020401cfd4d2c79337503dc6a641c9b64e22",
      "15dbcab3084d4759242c9ec552e9b0db6ade6d6f0d28daba51e0a7ebe24b1f2b",
    ],
    payloads: [
      "2af4ae056ee74c4bef880f823c55cf8f6dc3861993b4ed4314225e5e4e1d3b24",
      "13c00fc52d33c9409204b6005baeacaaac62b8c80deb3de24b77770a3529ad91",
      "99768b3e3183afb99b089661551ad37b66ac002511daef23a4087bb3f5cc8692",
      "d19e0110cb0a65fed4b93cc2c042f515af111c36cfc7b003ca93dcf238d71398",
      "420acfc086f1f5740b0be5f81d0139341dac2f219c7e683c46e9d687ec952ffc",
    ],
    transcript: "172303538eb8922c1391e9ab31136740576280a006de50230742755065460a94",
  },
  {
    pattern: "XKpsk0+psk3",
    initiator: [
      "ef45d064ec58f61745cc979e0cb0605264f31216fded73692abe87adfdcee0df",
      "a8ecedb80ce6ca5d8cf1ca47036aff71024d4afe7a24a29283b9445fefdea8cb",
    ],
    responder: [
      "050f17276baa521e0722af14709a19633212279a5a50673f26c2b29bcf44b75e",
      "ab1369c0721ec8905febd1b3883031c99146bc3161b7d95411539088d83ea74d",
    ],
    preSharedKeys: [
      "d6cd9a4f53e3db85ac65516bf11e5ef543bd8fab445377d78b1939d216953b00",
      "e4d8ee32a8abae2bfe6de04a93153574524e3801fcc164628c114c3a375880f6",
    ],
    payloads: [
      "e7ab4b1a7916f018101810e049bb0e8664df86e36bfe458f7bb8ebce06a92c5b",
      "f8074f1a9a0a3d8c18ad0f1af0773823416dd22a93c08abe3b99dbe77b35ba3a",
      "52875b289969bd68c4775a50d0910fa33193d65953da9d738760a487dac66f61",
      "0109cf40cca8d20d7b654e84497e78ea72232407583b0f69241150033d3b605d",
      "17edd823624d296f59e939fd4d516d873399e2d512b4b53acb34c6fa7ef2df1d",
    ],
    transcript: "a2578ef2c0165640fba8c5bea49fed7d31da293c20278b35a6d4d75c8388ce14",
  },
  {
    pattern: "KNpsk1+psk2",
    initiator: [
      "82ffce49b50f673a97bc2572b4120c2410c6d08dacf9904e80c04047941406c1",
      "5ea28eba67e548c31d39243ec1c84ee47f2b64c042ec638c6635e507d1c0466a",
    ],
    responder: [
      "7aa8dfebdf8dbb0453eb27b4e280cafaa8700e3511bf562b579077548976f1b3",
      "",
    ],
    preSharedKeys: [
      "fffca47a4dcc9cf0032793301b35864147418236c721a712a7b3a1c60eb1c115",
      "96f37edec2b36bdd9b54f97d465ca8147b9a1b4e2e35544d093716df8a6d9aae",
    ],
    payloads: [
      "8837d21aa5261871381b4a57499fb3ad0e92733a1e8336ec67055b47ce4f7b6f",
      "d66fa062d63eb70c41d499241aaf73baf3ffebaab3d0454b5b9c0d1b1e55f26e",
      "7467a8e805d25678b4d97894ff3a0f8fc9e884498c23b029002e9ae98b8b87ce",
      "32db129d4604c78349405ac6ce0ad2dd71218fbc635cd294df67c3908d2f0871",
    ],
    transcript: "acedac402a951fa30308d46b32aad3d126422437a4fd00770f768ce5ffcb2ab6",
  },
  {
    pattern: "KKpsk0+psk2",
    initiator: [
      "3361e34026512932c0a557f46812fe29c85f2264294aef860002d3741f116513",
      "0da61e4f5e386def8edcc499ae309fe55cd9af9275697dbbfa369a9c413e124b",
    ],
    responder: [
      "c94caf1a00aebc38ae2f312e0cabada2f9303657bb26c5cb798b0bf56e955e11",
      "3cbbfa7305dfeffc1745339ae73ebd1f76eee3c3a6b3f6f72f44b1738fbf9895",
    ],
    preSharedKeys: [
      "1fc912985322f82be31f006570e7c46fbf42fcadd6a12c4078243086d3ba1f70",
      "7130d54ddb750fcf90743c8297cd2985aad9bedce50ab74d20b98c700b7be346",
    ],
    payloads: [
      "573fd5d34b1eca6dacb19e0b8ec50ecd68ea2011912330d6d72790ad94127dc7",
      "5ec73035097c4235386e938bac05710d3f794450bc05e5c1059a967a52477bdd",
      "9b690cf48b7510958e277532c38ddc8ade670f4d6b8e2e8e64351afb20a8a94f",
      "6e558f3a3d75f324a0715974682e1d173d8262905800bb9368ad393b5fb46c20",
    ],
    transcript: "0d1cf5f491c04a8ce92eb82c82ab952822d071ce852141cb4ceb2fb0c4d5869e",
  },
  {
    pattern: "INpsk1+psk2",
    initiator: [
      "526944a99902847eb2c2da5608daddbd4a149fcbe1fcb9cbaa434f36b46e5ab5",
      "d9271108c5c5a5aea200efe2ef81393e3f7e16c5475c5232e90d08814ffb2f65",
    ],
    responder: [
      "90ca99a3f12856cc79e0d77324e3fa7a6282eb91917781f4a7dd0a1d0c05f9a6",
      "",
    ],
    preSharedKeys: [
      "dd17d73f63c0b870a1c280553675af79ab3dd3d0b2ef5c37416e912d9bbb0290",
      "d2feb321f70a7e3c6686714d943b969fb6b27e5c243609501c0c1c0d618523d4",
    ],
    payloads: [
      "0387636969729f8f6a03cd43d55f5f3d9876b3ee1709296fac9244a691df4e04",
      "435c909876c4118de2e90e78daf619e7f5bf619294945c6300a5256052db6a17",
      "2c268ca093683fff73637958b4726d94d23e721ffbb81064a4da05c200baa11e",
      "e66c35c0f2a021f5d58f30f68a2cf8f06b5ae348c9af48a85472435cf71dc4ef",
    ],
    transcript: "098072b7215bcd31058e1ec82d80d50bd66849c52719f10c48d2c2ecdb6db92f",
  },
  {
    pattern: "IKpsk0+psk2",
    initiator: [
      "98914e2618a7bf488aa2bf5b97c3dab6854afc1844876a50ab9d6776eb73c145",
      "e376d84fe9ea51fecdcaf6ae30d1a0a278605eb1ebdf254b22bfd18b33221684",
    ],
    responder: [
      "5eeb121589ece32d90c1de164047ee0a5b1b432d1018df300186a094c8ee8e6f",
      "957bb59992328cdcbfbea70ddd57089ebc2a7a5bf0a50a928ba0f6d40fdaa057",
    ],
    preSharedKeys: [
      "f68e52b23594fe4f34d126eb29faf500708a6ab5201312317a0ce160ab4cee2b",
      "f3482d5478081b3744f4a7b758b6f2a81aea27e7dd31eb201de2e0a804711ac5",
    ],
    payloads: [
      "0f4ed36b5fd11ae6a2862f8dce708cb4ac29843708420cfea02a2e8f1d92ee8c",
      "a8bdaa7fe918b34c0506481db59a32289aac3c82ea421793ece5e3a261044fbb",
      "14b65d2ff32b3619d61ff1fdbd06cac96b0d8d3e064a55e1f2042840b08c3848",
      "1a475c5a0f13691e6ea45e6c89d8a8a8a9ecc5730023d0db95ec18ebdc97ddc8",
    ],
    transcript: "3ca44b8edf562ecacdfeef13a145c19ee9bb38e7df310513b0288001fd2e2377",
  },
  {
    pattern: "IXpsk0+psk2",
    initiator: [
      "caafa6aaa047c5d7eb840a7908d0790bd6120ee399567f84545b71117382310f",
      "c57ef03a351168b4e2cbc82ce7c045cfde3b743e5407c9e17b2b9bf0b54e5be7",
    ],
    responder: [
      "96d146074cbdf3caa449881540fa072c2b123684d649da6e94d8d904222d7f1d",
      "5f617fd82cf362e4dd0c2fc2ab43a653ad855360986a9410d1c0580c05bdbb7f",
    ],
    preSharedKeys: [
      "9c29e582888051a78ab8229f2fbf8e0b5d03e8b0c4488952b25642dd3f45a84b",
      "09b388da5b3ae88d78e7a6b800bf3a50ad92678a70dcf14ad943299297cf835f",
    ],
    payloads: [
      "338a9a06d907339710ec24ad68bf17c4e9afc4696636b491fbd8d753e0af119f",
      "5bc9e237f2fe5f62fc8b93b55191b92d0cc56c517e4b011f3493fa513f4b044f",
      "6500489d1595426dc2d3fbc6f0b4f12b8fa166e79e321711c312fce178e0f891",
      "83f88d250e3d11238d644a8af2fc2ee0776d01a8d892e2338f090779eb9dcdbb",
    ],
    transcript: "680c9dbf63fcfe80da000987c0d7254cdab894344f5fb40da65303ae3de87ad1",
  },
  {
    pattern: "XXpsk0+psk1",
    initiator: [
      "6e21d687cf4135de4526dbf4526852ea964b5ec60c4888e0f83a2bee429cb887",
      "aa21af42d67309d493b4e414a7a34c44dec3cdb4bad63d2b6b734bf84a4c6d27",
    ],
    responder: [
      "f2287c0cde7fb074b1a690b2094f3602c438e20665891e1c95dad86b4508218f",
      "e9d3060880b113b01ffde7909ac365e32d996de875476dc0aa98efeeac91b56d",
    ],
    preSharedKeys: [
      "bee348b1638a375362e1b5c645cc9a9e934a928eb6ab73c113b8f8ccde2de2be",
      "4084de28ded861744bda7d3f06a13c914172939f2932315b0080c683c06681c9",
    ],
    payloads: [
      "07153c5cd95b57fd0dec60adb95a4b2bedf483a6abcad8356831ba701681c20f",
      "155f514a7d093d27b80816054f6a7abafdcecfa8925ef8b164e96d32206e038a",
      "8000f3d9c46951658742a221829131a054779ec38a9f12bd5853e67a98f10974",
      "5fe0c370a8f61d2de40f4f4af045f0b9d541d3eefd5664ad479b3703d5daa8dd",
      "1b901b12c2d06566fb09ac9e991057f7ddfe412b3e45ea9bc251efbb116b0a3f",
    ],
    transcript: "aa2e40624444e623bcc2dd7bd4e5ca4b8e5c94d4a15c7c5a07745971e10c4967",
  },
  {
    pattern: "XXpsk0+psk2",
    initiator: [
      "6b3d5e5b6d4fc2f5ea2448f983a0d5a964c09e692cfe420fc77728379603aa01",
      "fd28f510059fa385041b770b2032c3eedd38881f13f71edadcb0ef77e8ef47e2",
    ],
    responder: [
      "760e929deb26d8625890d8b97f6ce130b74291f61b8fe2c739f1ff1118d69143",
      "2641e488c334f2555d015de274bd88b7f9c5080b50ba74c85e1679643deb8380",
    ],
    preSharedKeys: [
      "6560967d92f5664b2e532bcdf9c4b70ed2df9ff68952935e80000519393faa0c",
      "059cb635049e07a251555913c69a59dc5feed54326edd491b24f06980c27ef5e",
    ],
    payloads: [
      "73dcb3878d07523f3080b45cfd8c03cfd3e1608c78ce757c4df141b00aa17e84",
      "af9cb1e3b7cf4b3cf8b7a07c33f81a125d8b7be0af956058c114eca72510fe6b",
      "d749df69bbb40d7e85053e6772b2e29721d8b64819f0ca02ade3e99998b6198d",
      "783b068dc37bbcf23fa78044125864c5a4d5907f4051dad4ffc90245a73eca9c",
      "b767ded74f2ff8ec6c48c6b6102f0002fc73017e85510c43d465c06df78ff458",
    ],
    transcript: "efd4b7b27b0fc3f3d0ad7b91ad0b6f9e95c3fe85055ed4cd285cf14f4261fae3",
  },
  {
    pattern: "XXpsk0+psk3",
    initiator: [
      "0b8e02c4bdd7a4f00d5cec49d2418aa4c50fce820d851039a18f5d603c2c38b9",
      "e9c2c125ba62723d19c2a666ca87e4aea7997e7086d724715e647cbb7e3dced9",
    ],
    responder: [
      "e09e1b02aa28340c45132a19675a7386f24dfe3700905bdb67b1554486661c44",
      "a56eff6ea4b13103cbff6f68e18d23c15476259b8eaf3a7636f64c08f431969f",
    ],
    preSharedKeys: [
      "3829658d61de7c60129328910df4e4cdee261f7b9cb1aa2a326bd50dead817df",
      "3b9b4c7f360b3dbea6511b2287dfe76180049f5127c27fb3376ae514732ce40f",
    ],
    payloads: [
      "151cb17403c63f2a7c4be662f989854aaf727c61222c78a6eda9b1cd9a4ef884",
      "20513d30ac69774a37b8dd80a145d179eca53ec26ddd26193acfc7857bc42244",
      "6a71df147bbab68e95003fb62d8065bb57f3c7266310b0644f00f3fd52790815",
      "639f40d22a8e4f00ba46cef25a28bc7fe6143cd89473f0c920e0af9bea202a39",
      "8641662e37ba2b7dfb3ba24fb1620b70a9e7118efa41b5fefd74f82d217f6b83",
    ],
    transcript: "a2eac965040d13a19295d3095c20ba75880b2657c906ed30a79f5c8acdae010b",
  },
  {
    pattern: "XXpsk0+psk1+psk2+psk3",
    initiator: [
      "52c03c2da19ec3636cac69fca9a57b5ffbe89d9ca18319eeaae6f6e3d92dcb91",
      "8b596367daf667c908e61ae7fe171a154e75ef9c368a2994ec7e361b14a208eb",
    ],
    responder: [
      "2b1909d4503ae71d020e817f3c33e24b8b05caa518d8c46a39d97fe274fdb9d6",
      "f24051173f59dffe365ec46be9c8ce66dba4a7987f2fc054812ab35bdbbc3636",
    ],
    preSharedKeys: [
      "17cc3d1f112717e7ff4d42ff244fb78b3d84061a51c66e3472bf9a3f7b1a171d",
      "4b3e1d3320fbe1176ade108c70679de476bff861bb9004317d891b4265a05699",
      "682d5945ab66026a7f8fc5ab278e25b28b7ce86aec3c0bbd9da2e6d314d19923",
      "08a39a102ebc78a567145fc633669d790fd12ae4eb0b4d764ac063f4e392c526",
    ],
    payloads: [
      "38b95543fe5126fa56cd07fe27c059ba937d3eea1c893c0fe44c60661c00d8a9",
      "7041da4dfd530c2cd8a6956c0e0961dd81d5e22110badca00201bdf97b289475",
      "02e15770e7190cb50bb148fd93bf3df766c6e332b904bd4164f39a7e4d9478df",
      "194771fa7842aa88cb8ba788b8273308ef64ca37e8c37603a6e74e1e53f724a2",
      "2aeb83809bc438dcc2c01bf9d3754f8a9da4acbc512a9b82abb2d5dec597c295",
    ],
    transcript: "ca2bb16a3c343907591135c9d40042347c579704ce9db43b4307e744f1ca5005",
  },
];
